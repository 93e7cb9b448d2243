import { HostError } from './host-error.ts'

/** The guest ended in a trap or an exception. */
export class GuestTrappedError extends HostError {
  readonly code = 'WARMSLOT_GUEST_TRAPPED'
  readonly status = 500

  /** What the guest wrote to its standard error before. */
  readonly stderr: string

  constructor(reason: string, stderr: string) {
    super(`The guest ended with ${reason}`)
    this.stderr = stderr
  }
}
