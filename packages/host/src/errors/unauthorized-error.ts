import { HostError } from './host-error.ts'

/** No token, or a wrong one. */
export class UnauthorizedError extends HostError {
  readonly code = 'WARMSLOT_UNAUTHORIZED'
  readonly status = 401

  constructor() {
    super('Send a token that this host takes: "Authorization: Bearer TOKEN".')
  }
}
