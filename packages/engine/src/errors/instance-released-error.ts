import { WarmslotError, hasCode } from './warmslot-error.ts'

/** Thrown by every export, memory, table and global of an instance that was released: its slot may serve somebody else by now. */
export class InstanceReleasedError extends WarmslotError {
  readonly code = 'WARMSLOT_INSTANCE_RELEASED'

  static isInstance(value: unknown): value is InstanceReleasedError {
    return hasCode(value, 'WARMSLOT_INSTANCE_RELEASED')
  }

  constructor(what = 'instance') {
    super(
      `This ${what} belongs to an instance that was released. Instantiate the module again; keep nothing of an instance beyond release().`,
    )
  }
}
