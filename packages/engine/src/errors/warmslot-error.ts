/**
 * What all errors of this package share: a `code` to branch on, and a brand by which `isInstance` knows an error of
 * another copy of the package (two versions in one process, a bundle).
 */
export abstract class WarmslotError extends Error {
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** Whether `value` is an error with this code, whichever copy of the package made it. */
export function hasCode(value: unknown, code: string): boolean {
  return value instanceof Error && 'code' in value && value.code === code
}
