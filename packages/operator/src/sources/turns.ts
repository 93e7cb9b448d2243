/** Work of which only so much is done at once. The rest waits, first come, first served; whoever does not want to wait any more is let go at once. */
export class Turns {
  #free: number
  /** Called when it is their turn; in the order in which they came. */
  readonly #waiting = new Set<() => void>()

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** @throws what the work throws; the signal's reason, where that is aborted before the work begins */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free -= 1
    else await this.#wait(signal)
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(begin)
        reject(signal.reason as Error)
      }
      const begin = (): void => {
        this.#waiting.delete(begin)
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.#waiting.add(begin)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #next(): void {
    const [begin] = this.#waiting
    if (begin === undefined) this.#free += 1
    else begin()
  }
}
