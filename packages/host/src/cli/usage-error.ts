/** The command line was used wrongly: exit code 2. The message says what to do instead. */
export class UsageError extends Error {
  readonly code = 'WARMSLOT_USAGE'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UsageError'
  }

  static isInstance(value: unknown): value is UsageError {
    return value instanceof Error && 'code' in value && value.code === 'WARMSLOT_USAGE'
  }
}
