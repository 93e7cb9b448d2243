/** Thrown where a slot is asked for on behalf of a module whose purge has begun. */

import { isMarkedError, markError } from './brand.ts'

/** The module was purged (or is being purged); register it again to use it. Code `WARMSLOT_MODULE_DROPPED`. */
export class ModuleDroppedError extends Error {
  override readonly name = 'ModuleDroppedError'
  readonly code = 'WARMSLOT_MODULE_DROPPED'
  readonly module: string

  constructor(label: string) {
    super(`Module "${label}" was dropped: its purge has begun. Register it again to get slots for it.`)
    this.module = label
    markError(this, 'ModuleDroppedError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is ModuleDroppedError {
    return isMarkedError(value, 'ModuleDroppedError')
  }
}
