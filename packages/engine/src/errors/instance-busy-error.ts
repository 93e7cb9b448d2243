import { WarmslotError, hasCode } from './warmslot-error.ts'

/** Thrown by `release()` while a call into the instance is running: its memory must not be reset under running code. */
export class InstanceBusyError extends WarmslotError {
  readonly code = 'WARMSLOT_INSTANCE_BUSY'

  static isInstance(value: unknown): value is InstanceBusyError {
    return hasCode(value, 'WARMSLOT_INSTANCE_BUSY')
  }

  constructor() {
    super(
      'The instance is running a call and cannot be released from within it. Release it when the call has returned or thrown.',
    )
  }
}
