/**
 * The base of this package's errors. `instanceof` fails when two copies of a package are loaded, so every class is
 * recognised by its `code`, which is stored under a registered symbol as well.
 */

const brand: unique symbol = Symbol.for('warmslot.memory-image.error')

/** An error with a stable `code`, recognised across copies of this package. */
export abstract class BrandedError extends Error {
  /** Stable, for programs. The message is for people and may change. */
  abstract readonly code: string

  protected constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    Object.defineProperty(this, brand, { value: code })
  }
}

/** Whether `value` is an error of the given code, from this copy of the package or from another. */
export function hasBrand(value: unknown, code: string): boolean {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === code
}
