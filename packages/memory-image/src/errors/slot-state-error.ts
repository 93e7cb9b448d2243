/** Thrown when a slot is asked for something that its state does not allow. */

import { BrandedError, hasBrand } from './branded-error.ts'

const code = 'WARMSLOT_SLOT_STATE'

/** The slot is not in a state that allows this: retired for good, not prepared yet, or its reservation is gone. */
export class SlotStateError extends BrandedError {
  readonly code: typeof code = code
  /** The state that the slot was in. */
  readonly state: string

  constructor(operation: string, state: string, advice: string) {
    super(code, `cannot ${operation} a slot that is ${state}: ${advice}`)
    this.state = state
  }

  /** Whether `value` is this error, also from another copy of the package. */
  static isInstance(value: unknown): value is SlotStateError {
    return hasBrand(value, code)
  }
}
