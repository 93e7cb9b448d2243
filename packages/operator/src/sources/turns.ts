/**
 * Work of which only so much is done at once. The rest waits; whoever does not want to wait any more is let go at once. First come, first
 * served, but for this: of those who wait, one whose lane has the fewest turns now is next, so that a lane where all hangs has all turns
 * only until somebody else comes and one of them ends.
 */
export class Turns {
  readonly #mayBegin: () => boolean
  #free: number
  /** Called when it is their turn, and in which lane; in the order in which they came. */
  readonly #waiting = new Map<() => void, string>()
  /** By lane: how many have their turn. */
  readonly #taken = new Map<string, number>()

  /** @param mayBegin asked before each turn; after a no nothing begins until `goOn` is called, or a turn ends. @default always */
  constructor(atOnce: number, mayBegin: () => boolean = () => true) {
    this.#free = atOnce
    this.#mayBegin = mayBegin
  }

  /** @throws what the work throws; the signal's reason, where that is aborted before the work begins */
  async take<T>(lane: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#free > 0 && this.#waiting.size === 0 && this.#mayBegin()) this.#count(lane, 1)
    else await this.#wait(lane, signal)
    try {
      return await work()
    } finally {
      // Later, so that whoever waited for this work has counted what came of it before another one asks whether it may begin.
      setImmediate(() => {
        this.#count(lane, -1)
        this.goOn()
      })
    }
  }

  /** It may be that more may begin now. */
  goOn(): void {
    while (this.#free > 0 && this.#mayBegin()) {
      const next = this.#next()
      if (next === undefined) return
      const [begin, lane] = next
      this.#count(lane, 1)
      begin()
    }
  }

  #next(): readonly [() => void, string] | undefined {
    let next: readonly [() => void, string] | undefined
    for (const waiting of this.#waiting)
      if (next === undefined || this.#takenIn(waiting[1]) < this.#takenIn(next[1])) next = waiting
    return next
  }

  #takenIn(lane: string): number {
    return this.#taken.get(lane) ?? 0
  }

  #count(lane: string, change: 1 | -1): void {
    this.#free -= change
    const taken = this.#takenIn(lane) + change
    if (taken > 0) this.#taken.set(lane, taken)
    else this.#taken.delete(lane)
  }

  #wait(lane: string, signal: AbortSignal): Promise<void> {
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
      this.#waiting.set(begin, lane)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
