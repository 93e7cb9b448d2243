import { WarmslotError, hasCode } from './warmslot-error.ts'

/** An option has a value that it cannot have. */
export class InvalidOptionError extends WarmslotError {
  readonly code = 'WARMSLOT_INVALID_OPTION'

  static isInstance(value: unknown): value is InvalidOptionError {
    return hasCode(value, 'WARMSLOT_INVALID_OPTION')
  }
  /** The option's name. */
  readonly option: string

  constructor(option: string, expected: string, actual: unknown) {
    super(
      `Option \`${option}\` must be ${expected}, but is ${typeof actual === 'string' ? JSON.stringify(actual) : String(actual)}.`,
    )
    this.option = option
  }
}
