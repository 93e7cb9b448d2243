import { HostError } from './host-error.ts'

/** A request body that is larger than allowed. */
export class TooLargeError extends HostError {
  readonly code = 'WARMSLOT_TOO_LARGE'
  readonly status = 413

  constructor(limitBytes: number) {
    super(`The body is larger than ${limitBytes} bytes, which is the limit here.`)
  }
}
