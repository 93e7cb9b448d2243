import { WarmslotError, hasCode } from './warmslot-error.ts'

/** The bytes are no serialized module that this engine can use. Compile the original again, and serialize that. */
export class SerializedModuleError extends WarmslotError {
  readonly code = 'WARMSLOT_SERIALIZED_MODULE'

  static isInstance(value: unknown): value is SerializedModuleError {
    return hasCode(value, 'WARMSLOT_SERIALIZED_MODULE')
  }
  /** What is wrong with them, in a few words. */
  readonly reason: string

  constructor(reason: string, advice = 'Compile the original module again, and serialize that.') {
    super(`This serialized module cannot be used: ${reason}. ${advice}`)
    this.reason = reason
  }
}
