import { HostError } from './host-error.ts'

/** Too many requests wait already, of one module (429) or of all (503). */
export class OverloadedError extends HostError {
  readonly code = 'WARMSLOT_OVERLOADED'
  readonly status: 429 | 503
  override readonly retryAfterSeconds = 1

  constructor(status: 429 | 503, message: string) {
    super(message)
    this.status = status
  }
}
