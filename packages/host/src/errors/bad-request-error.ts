import { HostError } from './host-error.ts'

/** The request itself is wrong: its parameters, its body. */
export class BadRequestError extends HostError {
  readonly code = 'WARMSLOT_BAD_REQUEST'
  readonly status = 400
}
