/**
 * Marks that let `isInstance` recognise an error from another copy of this package, where `instanceof` cannot: symbols
 * from the registry that the whole process shares.
 */

export function markError(error: Error, name: string): void {
  Object.defineProperty(error, brandOf(name), { value: true })
}

export function isMarkedError(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && brandOf(name) in value
}

function brandOf(name: string): symbol {
  return Symbol.for(`@warmslot/index-allocator/${name}`)
}
