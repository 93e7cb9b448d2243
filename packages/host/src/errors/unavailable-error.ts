import { HostError } from './host-error.ts'

/** The host, or the module, takes no requests now: it is starting, draining, or the module is being loaded. */
export class UnavailableError extends HostError {
  readonly code = 'WARMSLOT_UNAVAILABLE'
  readonly status = 503
  override readonly retryAfterSeconds = 1
}
