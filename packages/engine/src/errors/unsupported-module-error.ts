import { WarmslotError, hasCode } from './warmslot-error.ts'

/** The module is valid, but cannot be pooled; V8's own `new WebAssembly.Instance` runs it. */
export class UnsupportedModuleError extends WarmslotError {
  readonly code = 'WARMSLOT_UNSUPPORTED_MODULE'

  static isInstance(value: unknown): value is UnsupportedModuleError {
    return hasCode(value, 'WARMSLOT_UNSUPPORTED_MODULE')
  }
  /** What it uses that cannot be pooled, in a few words: `shared memory`, `memory64`... */
  readonly feature: string

  constructor(feature: string, advice: string) {
    super(`This module cannot be pooled: ${feature}. ${advice}`)
    this.feature = feature
  }
}
