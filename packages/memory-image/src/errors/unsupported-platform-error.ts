/** Thrown at first use (never at import) where this package cannot work. */

import { BrandedError, hasBrand } from './branded-error.ts'

const code = 'WARMSLOT_UNSUPPORTED_PLATFORM'

/** This operating system or architecture is not supported, or koffi (the foreign function library) cannot load. */
export class UnsupportedPlatformError extends BrandedError {
  readonly code: typeof code = code

  constructor(reason: string, options?: ErrorOptions) {
    super(code, reason, options)
  }

  /** Whether `value` is this error, also from another copy of the package. */
  static isInstance(value: unknown): value is UnsupportedPlatformError {
    return hasBrand(value, code)
  }
}
