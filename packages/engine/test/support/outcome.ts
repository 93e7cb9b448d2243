/** What a piece of code does, in a form that two runtimes can be compared by. */

export type Outcome = { readonly value: unknown } | { readonly error: string; readonly message: string }

export function outcomeOf(run: () => unknown): Outcome {
  try {
    return { value: run() }
  } catch (error) {
    return describe(error)
  }
}

export async function outcomeOfAsync(run: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await run() }
  } catch (error) {
    return describe(error)
  }
}

function describe(error: unknown): Outcome {
  if (!(error instanceof Error)) return { error: 'thrown', message: String(error) }
  return { error: error.constructor.name, message: error.message }
}

/** The error that `run` throws; fails the test if it does not. */
export function thrownBy(run: () => unknown): Error & { readonly code?: string } {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
