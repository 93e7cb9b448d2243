import { WarmslotError, hasCode } from './warmslot-error.ts'

/** The module was disposed, so nothing can be instantiated from it. */
export class ModuleDisposedError extends WarmslotError {
  readonly code = 'WARMSLOT_MODULE_DISPOSED'

  static isInstance(value: unknown): value is ModuleDisposedError {
    return hasCode(value, 'WARMSLOT_MODULE_DISPOSED')
  }

  constructor(label: string) {
    super(`Module "${label}" was disposed. Compile it again before you instantiate it.`)
  }
}
