import { HostError } from './host-error.ts'

/** No token, or a wrong one. */
export class UnauthorizedError extends HostError {
  readonly code = 'WARMSLOT_UNAUTHORIZED'
  readonly status = 401

  constructor() {
    super('Send the token of this host: "Authorization: Bearer TOKEN".')
  }
}
