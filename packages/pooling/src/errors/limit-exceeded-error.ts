/** Thrown where something asked for is beyond a limit that an option of the pool (or a kernel setting) sets. */

import { isMarkedError, markError } from './brand.ts'

/** What would have been exceeded. */
export interface ExceededLimit {
  /** The option (or kernel setting) that sets the limit. */
  readonly option: string
  readonly limit: number
  readonly requested: number
  /** A sentence: what was asked for, and what to do. */
  readonly message: string
}

/** A limit stands in the way; `option` names what sets it, `limit` and `requested` are in its unit. Code `WARMSLOT_LIMIT_EXCEEDED`. */
export class LimitExceededError extends Error {
  override readonly name = 'LimitExceededError'
  readonly code = 'WARMSLOT_LIMIT_EXCEEDED'
  readonly option: string
  readonly limit: number
  readonly requested: number

  constructor(exceeded: ExceededLimit) {
    super(exceeded.message)
    this.option = exceeded.option
    this.limit = exceeded.limit
    this.requested = exceeded.requested
    markError(this, 'LimitExceededError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is LimitExceededError {
    return isMarkedError(value, 'LimitExceededError')
  }
}
