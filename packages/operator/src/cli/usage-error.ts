/** The command line was used wrongly: the message is one line that says what to do. */
export class UsageError extends Error {
  readonly code = 'WARMSLOT_USAGE'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UsageError'
  }
}
