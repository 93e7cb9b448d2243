/** A value that a module gave, as JSON that two runs can be compared by: numbers exactly, objects by what they are. */
export function shown(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      if (value === null) return null
      return Array.isArray(value) ? value.map(shown) : 'object'
    case 'string':
      return value
    default:
      return typeof value
  }
}

/** What an attempt gives or throws. */
export function attempt(run: () => unknown): unknown {
  try {
    return { value: shown(run()) }
  } catch (error) {
    return thrown(error)
  }
}

export function thrown(error: unknown): unknown {
  if (!(error instanceof Error)) return { error: `thrown ${typeof error}` }
  return { error: `${error.constructor.name}: ${error.message}` }
}
