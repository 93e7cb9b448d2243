/** Waits until something is so; fails when it is not for long. */
const maxWaitMs = 10_000

export async function until(what: string, isSo: () => boolean, timeoutMs: number = maxWaitMs): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not so after ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
