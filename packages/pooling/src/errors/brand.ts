/**
 * How this package's errors are recognised. `instanceof` fails where two copies of a package are loaded, so each error
 * carries its class's name under a symbol that all copies share.
 */

const brand: unique symbol = Symbol.for('@warmslot/pooling/error')

/** Marks an error as one of the class of that name. Hidden: it shows neither in logs nor in copies. */
export function markError(error: Error, className: string): void {
  Object.defineProperty(error, brand, { value: className })
}

/** Whether `value` was marked so, by this copy of the package or another. */
export function isMarkedError(value: unknown, className: string): boolean {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === className
}
