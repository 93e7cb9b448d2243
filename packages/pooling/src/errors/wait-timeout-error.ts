/** Given to a caller of `acquireWhenFree` whose deadline passed before a slot came free. */

import { isMarkedError, markError } from './brand.ts'

/** No slot came free within `waitMs`. `option` is `waitMs`, `limit` its value. Code `WARMSLOT_WAIT_TIMEOUT`. */
export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError'
  readonly code = 'WARMSLOT_WAIT_TIMEOUT'
  readonly option = 'waitMs'
  readonly limit: number
  /** Callers that still waited in front of this one. */
  readonly ahead: number

  constructor(waitMs: number, ahead: number, slots: number) {
    super(
      `No slot came free within ${waitMs} ms (option "waitMs"); ${ahead} callers waited ahead, and the pool has ` +
        `${slots} slots (option "slots"). Wait longer, raise "slots", or release leases sooner.`,
    )
    this.limit = waitMs
    this.ahead = ahead
    markError(this, 'WaitTimeoutError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is WaitTimeoutError {
    return isMarkedError(value, 'WaitTimeoutError')
  }
}
