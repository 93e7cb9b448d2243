import { WarmslotError, hasCode } from './warmslot-error.ts'

/** An import was given that a pooled instance cannot take. */
export class UnsupportedImportError extends WarmslotError {
  readonly code = 'WARMSLOT_UNSUPPORTED_IMPORT'

  static isInstance(value: unknown): value is UnsupportedImportError {
    return hasCode(value, 'WARMSLOT_UNSUPPORTED_IMPORT')
  }

  constructor(module: string, name: string, reason: string) {
    super(`Import "${module}" "${name}": ${reason}`)
  }
}
