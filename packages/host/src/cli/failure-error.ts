/** What was asked for could not be done: exit code 1. The message says what to do about it. */
export class FailureError extends Error {
  readonly code = 'WARMSLOT_FAILURE'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FailureError'
  }

  static isInstance(value: unknown): value is FailureError {
    return value instanceof Error && 'code' in value && value.code === 'WARMSLOT_FAILURE'
  }
}
