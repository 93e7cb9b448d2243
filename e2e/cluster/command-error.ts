/** A program that did not end well, with what it said. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly code: string = 'WARMSLOT_E2E_COMMAND'

  constructor(commandLine: string, said: string, options?: ErrorOptions) {
    super(`"${commandLine}" did not end well: ${said.trim() || 'it said nothing'}`, options)
  }
}
