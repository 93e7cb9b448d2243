/** Thrown where a pool is handed a module that another pool registered. */

import { isMarkedError, markError } from './brand.ts'

/** The module belongs to another pool. Code `WARMSLOT_FOREIGN_MODULE`. */
export class ForeignModuleError extends Error {
  override readonly name = 'ForeignModuleError'
  readonly code = 'WARMSLOT_FOREIGN_MODULE'

  constructor(label: string) {
    super(`Module "${label}" was registered with another pool. Register it with this one too.`)
    markError(this, 'ForeignModuleError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is ForeignModuleError {
    return isMarkedError(value, 'ForeignModuleError')
  }
}
