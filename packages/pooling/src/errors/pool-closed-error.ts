/** Thrown by every call for slots or modules once `close` was called, and given to callers that still waited. */

import { isMarkedError, markError } from './brand.ts'

/** The pool is closed, or closing. Code `WARMSLOT_POOL_CLOSED`. */
export class PoolClosedError extends Error {
  override readonly name = 'PoolClosedError'
  readonly code = 'WARMSLOT_POOL_CLOSED'

  constructor() {
    super('The pool is closed or closing: it gives out no more slots. Make a new Pool.')
    markError(this, 'PoolClosedError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is PoolClosedError {
    return isMarkedError(value, 'PoolClosedError')
  }
}
