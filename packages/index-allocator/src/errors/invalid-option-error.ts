/** Thrown where an option or argument of the allocator, a strategy or the pool is of a kind, or out of a range, that can never work. */

import { isMarkedError, markError } from './brand.ts'
import { describeValue } from './describe-value.ts'

/** An option has a value that cannot work; `option` names it. Code `WARMSLOT_INVALID_OPTION`. */
export class InvalidOptionError extends RangeError {
  override readonly name = 'InvalidOptionError'
  readonly code = 'WARMSLOT_INVALID_OPTION'
  readonly option: string

  constructor(option: string, expected: string, value: unknown) {
    super(`Option "${option}" must be ${expected}, but it is ${describeValue(value)}.`)
    this.option = option
    markError(this, 'InvalidOptionError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is InvalidOptionError {
    return isMarkedError(value, 'InvalidOptionError')
  }
}
