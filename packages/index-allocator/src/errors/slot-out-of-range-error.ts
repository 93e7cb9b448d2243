/** Thrown where a number is not that of any slot of the allocator. */

import { isMarkedError, markError } from './brand.ts'
import { describeValue } from './describe-value.ts'

/** A slot index is not an integer from 0 to `capacity - 1`. Code `WARMSLOT_SLOT_OUT_OF_RANGE`. */
export class SlotOutOfRangeError extends RangeError {
  override readonly name = 'SlotOutOfRangeError'
  readonly code = 'WARMSLOT_SLOT_OUT_OF_RANGE'

  constructor(slot: unknown, capacity: number) {
    super(
      `A slot index must be an integer from 0 to ${capacity - 1}, but it is ${describeValue(slot)}. ` +
        'Pass an index that this allocator returned.',
    )
    markError(this, 'SlotOutOfRangeError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is SlotOutOfRangeError {
    return isMarkedError(value, 'SlotOutOfRangeError')
  }
}
