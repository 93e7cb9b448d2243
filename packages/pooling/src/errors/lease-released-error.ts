/** Thrown where a lease, or a memory of it, is used after its release. */

import { isMarkedError, markError } from './brand.ts'

/** The lease was released: its slots may be in somebody else's hands. Code `WARMSLOT_LEASE_RELEASED`. */
export class LeaseReleasedError extends Error {
  override readonly name = 'LeaseReleasedError'
  readonly code = 'WARMSLOT_LEASE_RELEASED'

  constructor() {
    super('This lease was released, and its slots may be in use by others. Acquire a new lease.')
    markError(this, 'LeaseReleasedError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is LeaseReleasedError {
    return isMarkedError(value, 'LeaseReleasedError')
  }
}
