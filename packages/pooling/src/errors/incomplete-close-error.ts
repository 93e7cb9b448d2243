/** Given by `close` where the kernel refused to give an address range back. */

import { isMarkedError, markError } from './brand.ts'

/** Some slots could not be given back; `slots` names them, `cause` is the first refusal. Code `WARMSLOT_INCOMPLETE_CLOSE`. */
export class IncompleteCloseError extends Error {
  override readonly name = 'IncompleteCloseError'
  readonly code = 'WARMSLOT_INCOMPLETE_CLOSE'
  readonly slots: readonly number[]

  constructor(slots: readonly number[], cause: unknown) {
    super(
      `${slots.length} slots could not be given back to the kernel (first: slot ${slots[0]}). Call close() again to ` +
        'retry; `cause` says what the kernel refused.',
      { cause },
    )
    this.slots = slots
    markError(this, 'IncompleteCloseError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is IncompleteCloseError {
    return isMarkedError(value, 'IncompleteCloseError')
  }
}
