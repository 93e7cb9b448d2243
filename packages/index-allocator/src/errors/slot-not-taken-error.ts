/** Thrown where something is asked of a free slot that only the holder of a taken one may ask. */

import { isMarkedError, markError } from './brand.ts'

/** The slot is free: it was given back already, or never handed out. Code `WARMSLOT_SLOT_NOT_TAKEN`. */
export class SlotNotTakenError extends Error {
  override readonly name = 'SlotNotTakenError'
  readonly code = 'WARMSLOT_SLOT_NOT_TAKEN'
  readonly slot: number

  constructor(slot: number, operation: string) {
    super(`Cannot ${operation} slot ${slot}: it is not taken. Was it freed twice?`)
    this.slot = slot
    markError(this, 'SlotNotTakenError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is SlotNotTakenError {
    return isMarkedError(value, 'SlotNotTakenError')
  }
}
