import { WarmslotError, hasCode } from './warmslot-error.ts'

/**
 * A call was stopped, or not begun, because its instance's deadline has passed; or that of an instance whose call it was
 * made from. The instance is to be released: its memory is in the middle of something.
 */
export class DeadlineExceededError extends WarmslotError {
  readonly code = 'WARMSLOT_DEADLINE_EXCEEDED'

  static isInstance(value: unknown): value is DeadlineExceededError {
    return hasCode(value, 'WARMSLOT_DEADLINE_EXCEEDED')
  }

  constructor() {
    super(
      'The deadline of the instance, or of one that called it, has passed. Release the instance; if it needs more ' +
        'time, give it a greater `deadlineMs`, or call `instance.extendDeadline()` before each piece of work.',
    )
  }
}
