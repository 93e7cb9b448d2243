/** An option of the operator that is not as it must be. */
export class InvalidOperatorOptionError extends Error {
  readonly code = 'WARMSLOT_INVALID_OPTION'
  readonly option: string

  constructor(option: string, expected: string, given: unknown) {
    super(`Option "${option}" must be ${expected}, not ${JSON.stringify(given)}.`)
    this.name = 'InvalidOperatorOptionError'
    this.option = option
  }

  static isInstance(value: unknown): value is InvalidOperatorOptionError {
    return (
      value instanceof Error &&
      'option' in value &&
      'code' in value &&
      value.code === 'WARMSLOT_INVALID_OPTION'
    )
  }
}
