/** Thrown where an affinity key is not a number that a slot can remember. */

import { isMarkedError, markError } from './brand.ts'
import { describeValue } from './describe-value.ts'

/** An affinity key is not a safe integer from 0 on. Code `WARMSLOT_INVALID_AFFINITY_KEY`. */
export class InvalidAffinityKeyError extends RangeError {
  override readonly name = 'InvalidAffinityKeyError'
  readonly code = 'WARMSLOT_INVALID_AFFINITY_KEY'

  constructor(key: unknown) {
    super(
      `An affinity key must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, but it is ${describeValue(key)}. ` +
        'Give each module a number of its own, e.g. from a counter.',
    )
    markError(this, 'InvalidAffinityKeyError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is InvalidAffinityKeyError {
    return isMarkedError(value, 'InvalidAffinityKeyError')
  }
}
