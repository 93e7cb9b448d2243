/** Thrown by `acquire` (and given to a waiter whom no slot can ever serve) where there are not enough slots. */

import { isMarkedError, markError } from './brand.ts'

/** How the pool stood when it had no slot to give. */
export interface Exhaustion {
  /** Slots of the pool: what the option `slots` says. */
  readonly slots: number
  /** Slots that the module needs, one for each of its memories. */
  readonly needed: number
  /** Slots that could be had at that moment, those waiting for a batched reset included. */
  readonly available: number
  /** Slots given up for good, because the kernel refused to clear them. */
  readonly retired: number
  /** Callers that wait for a slot; nobody overtakes them. */
  readonly waiting: number
}

/** No slot for this module now. `option` is `slots`, `limit` its value. Code `WARMSLOT_POOL_EXHAUSTED`. */
export class PoolExhaustedError extends Error {
  override readonly name = 'PoolExhaustedError'
  readonly code = 'WARMSLOT_POOL_EXHAUSTED'
  readonly option = 'slots'
  readonly limit: number
  readonly needed: number
  readonly available: number
  readonly retired: number
  readonly waiting: number

  constructor(exhaustion: Exhaustion) {
    super(explain(exhaustion))
    this.limit = exhaustion.slots
    this.needed = exhaustion.needed
    this.available = exhaustion.available
    this.retired = exhaustion.retired
    this.waiting = exhaustion.waiting
    markError(this, 'PoolExhaustedError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is PoolExhaustedError {
    return isMarkedError(value, 'PoolExhaustedError')
  }
}

function explain({ slots, needed, available, retired, waiting }: Exhaustion): string {
  const limit = `the pool has ${slots} slots (option "slots")`
  if (slots - retired < needed) {
    const all = retired === slots ? `all ${slots}` : `${retired}`
    return (
      `Pool exhausted for good: ${needed} slots are needed, ${limit}, and ${all} of them are retired, because the ` +
      `kernel refused to clear them. Close this pool and make a new one.`
    )
  }
  const why =
    available >= needed
      ? `${waiting} callers wait already, and nobody overtakes them`
      : `${available} of ${needed} needed slots are free`
  const lost = retired === 0 ? '' : `, ${retired} of them retired after kernel errors`
  return `Pool exhausted: ${why}; ${limit}${lost}. Release leases sooner, raise "slots", or wait with acquireWhenFree().`
}
