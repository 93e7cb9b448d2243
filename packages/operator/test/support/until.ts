/** Waits until something is so; fails when it is not for long. */
const maxWaitMs = 10_000

export async function until(what: string, isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + maxWaitMs
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not so after ${maxWaitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
