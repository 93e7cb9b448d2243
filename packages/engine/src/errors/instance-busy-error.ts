import { WarmslotError, hasCode } from './warmslot-error.ts'

/**
 * Thrown by `release()` while a call into the instance is running, or is suspended until a promise settles: its memory
 * must not be reset under running code.
 */
export class InstanceBusyError extends WarmslotError {
  readonly code = 'WARMSLOT_INSTANCE_BUSY'

  static isInstance(value: unknown): value is InstanceBusyError {
    return hasCode(value, 'WARMSLOT_INSTANCE_BUSY')
  }

  constructor(suspended: boolean) {
    super(
      suspended
        ? 'A call into the instance is suspended, waiting for a promise. Release the instance when its own promise has settled.'
        : 'The instance is running a call and cannot be released from within it. Release it when the call has returned or thrown.',
    )
  }
}
