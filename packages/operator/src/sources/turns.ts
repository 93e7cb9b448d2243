/** Work of which only so much is done at once. The rest waits, first come, first served; whoever does not want to wait any more is let go at once. */
export class Turns {
  readonly #mayBegin: () => boolean
  #free: number
  /** Called when it is their turn; in the order in which they came. */
  readonly #waiting = new Set<() => void>()

  /** @param mayBegin asked before each turn; after a no nothing begins until `goOn` is called, or a turn ends. @default always */
  constructor(atOnce: number, mayBegin: () => boolean = () => true) {
    this.#free = atOnce
    this.#mayBegin = mayBegin
  }

  /** @throws what the work throws; the signal's reason, where that is aborted before the work begins */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#free > 0 && this.#waiting.size === 0 && this.#mayBegin()) this.#free -= 1
    else await this.#wait(signal)
    try {
      return await work()
    } finally {
      // Later, so that whoever waited for this work has counted what came of it before another one asks whether it may begin.
      setImmediate(() => {
        this.#free += 1
        this.goOn()
      })
    }
  }

  /** It may be that more may begin now. */
  goOn(): void {
    for (const begin of this.#waiting) {
      if (this.#free === 0 || !this.#mayBegin()) return
      this.#free -= 1
      begin()
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
}
