/** Which collections of garbage fell into which stretch of time: `performance` tells of them only afterwards. */
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A stretch of time, as `performance.now()` tells it, in milliseconds. */
export interface Stretch {
  readonly start: number
  readonly end: number
}

/** Pauses of the garbage collector. */
export interface Pauses {
  readonly count: number
  readonly totalMs: number
}

export class CollectionLog implements Disposable {
  readonly #entries: PerformanceEntry[] = []
  readonly #observer: PerformanceObserver

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      this.#entries.push(...list.getEntries())
    })
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Lets the entries that are still on their way come in. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) await nextTurn()
    this.#entries.push(...this.#observer.takeRecords())
  }

  pausesWithin(stretches: readonly Stretch[]): Pauses {
    const inside = this.#entries.filter(({ startTime }) =>
      stretches.some(({ start, end }) => startTime >= start && startTime < end),
    )
    return { count: inside.length, totalMs: inside.reduce((sum, { duration }) => sum + duration, 0) }
  }

  [Symbol.dispose](): void {
    this.#observer.disconnect()
  }
}
