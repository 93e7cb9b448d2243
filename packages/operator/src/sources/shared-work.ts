/**
 * Work whose result several wait for. Each may stop waiting, which does the others no harm; the work itself is ended when nobody waits for it
 * any more.
 */
export class SharedWork<T> {
  readonly #ending = new AbortController()
  readonly #result: Promise<T>
  #waiting = 0

  /** @param work begins at once; its signal is aborted when nobody waits for it */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#ending.signal)
    // Whoever waits is told; when nobody does, nobody needs to know.
    this.#result.catch(() => undefined)
  }

  /** Whether it was ended: whoever comes now needs work of their own. */
  get isEnded(): boolean {
    return this.#ending.signal.aborted
  }

  /** @throws what the work throws; the signal's reason */
  async wait(signal?: AbortSignal): Promise<T> {
    this.#waiting += 1
    const { promise: left, reject } = Promise.withResolvers<never>()
    const leave = (): void => reject(signal?.reason)
    try {
      signal?.throwIfAborted()
      signal?.addEventListener('abort', leave, { once: true })
      return await Promise.race([this.#result, left])
    } finally {
      signal?.removeEventListener('abort', leave)
      this.#waiting -= 1
      if (this.#waiting === 0) this.#ending.abort(new Error('Nobody waits for it any more.'))
    }
  }
}
