/** Thrown when a system call fails: which one, with which errno, and what a person can do about it. */

import { BrandedError, hasBrand } from './branded-error.ts'
import { systemCallHint } from './system-call-hints.ts'

const code = 'WARMSLOT_SYSTEM_CALL'

/** A system call failed. */
export class SystemCallError extends BrandedError {
  readonly code: typeof code = code
  /** The call's name as in its man page, such as `mmap`. */
  readonly syscall: string
  /** The errno's name, such as `ENOMEM`. */
  readonly errno: string
  /** What to do about it. */
  readonly hint: string

  constructor(syscall: string, errno: string, options?: ErrorOptions) {
    const hint = systemCallHint(syscall, errno)
    super(code, `${syscall} failed with ${errno}: ${hint}`, options)
    this.syscall = syscall
    this.errno = errno
    this.hint = hint
  }

  /** Whether `value` is this error, also from another copy of the package. */
  static isInstance(value: unknown): value is SystemCallError {
    return hasBrand(value, code)
  }
}
