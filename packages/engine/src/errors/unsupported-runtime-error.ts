import { WarmslotError, hasCode } from './warmslot-error.ts'

/** This V8 or this process cannot run pooled memories safely. */
export class UnsupportedRuntimeError extends WarmslotError {
  readonly code = 'WARMSLOT_UNSUPPORTED_RUNTIME'

  static isInstance(value: unknown): value is UnsupportedRuntimeError {
    return hasCode(value, 'WARMSLOT_UNSUPPORTED_RUNTIME')
  }

  constructor(reason: string, advice: string, options?: ErrorOptions) {
    super(`Pooled WebAssembly memories are not safe here: ${reason}. ${advice}`, options)
  }
}
