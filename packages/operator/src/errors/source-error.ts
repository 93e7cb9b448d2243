/** A Module's bytes cannot be had from its source. `reason` is that of its condition. */
export type SourceErrorReason = 'SourceUnavailable' | 'DigestMismatch' | 'SourceTooLarge' | 'InvalidSource'

export class SourceError extends Error {
  readonly code = 'WARMSLOT_SOURCE'
  readonly reason: SourceErrorReason

  constructor(reason: SourceErrorReason, message: string, options?: ErrorOptions) {
    super(message.slice(0, 1_000), options)
    this.name = 'SourceError'
    this.reason = reason
  }

  static isInstance(value: unknown): value is SourceError {
    return value instanceof Error && 'code' in value && value.code === 'WARMSLOT_SOURCE'
  }
}
