/**
 * What every error of this package has: a stable `code`, and the HTTP status with which it is answered. The message says what
 * to do, and nothing that the caller must not know.
 */
export abstract class HostError extends Error {
  abstract readonly code: string
  /** The HTTP status, RFC 9110 section 15. */
  abstract readonly status: number
  /** After how many seconds another try makes sense; undefined: it does not say. */
  readonly retryAfterSeconds: number | undefined = undefined

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }

  static isInstance(value: unknown): value is HostError {
    return value instanceof Error && 'code' in value && 'status' in value
  }
}
