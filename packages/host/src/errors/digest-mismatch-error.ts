import { HostError } from './host-error.ts'

/** The bytes do not have the digest that was announced. */
export class DigestMismatchError extends HostError {
  readonly code = 'WARMSLOT_DIGEST_MISMATCH'
  readonly status = 400

  constructor(announced: string, actual: string) {
    super(
      `The body has the digest ${actual}, but ${announced} was announced. Was it cut off, or changed on the way?`,
    )
  }
}
