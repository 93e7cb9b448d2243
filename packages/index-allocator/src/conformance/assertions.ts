/** The few assertions that the suite needs, so that it runs under any test framework and depends on none. */

/** Thrown by a conformance test that fails; test frameworks report it as they report any error. */
export class ConformanceFailure extends Error {
  override readonly name = 'ConformanceFailure'
  readonly code = 'WARMSLOT_CONFORMANCE_FAILURE'
}

export function ensure(condition: boolean, failure: string): asserts condition {
  if (!condition) throw new ConformanceFailure(failure)
}

/** Compares numbers, undefined, and arrays of numbers. */
export function ensureEqual(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected)) return
  if (Array.isArray(actual) && Array.isArray(expected) && areEqualArrays(actual, expected)) return
  throw new ConformanceFailure(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

export function ensureThrows(
  run: () => unknown,
  isExpected: (error: unknown) => boolean,
  what: string,
): void {
  try {
    run()
  } catch (error) {
    if (isExpected(error)) return
    throw new ConformanceFailure(`${what}: threw something else than expected`, { cause: error })
  }
  throw new ConformanceFailure(`${what}: should have thrown`)
}

function areEqualArrays(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((value, index) => Object.is(value, right[index]))
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}
