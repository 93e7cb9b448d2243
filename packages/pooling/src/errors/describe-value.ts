/** How error messages show a value that somebody passed. */

/** Numbers and short strings as they are, all else by its type. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value.length <= 40 ? `the string "${value}"` : 'a long string'
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null) {
    return String(value)
  }
  return `of type ${typeof value}`
}
