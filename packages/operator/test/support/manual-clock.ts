/** A clock that stands still until a test moves it. */
import type { Clock } from '../../src/index.ts'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>()
  #nowMs = 1_000_000

  now(): number {
    return this.#nowMs
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#nowMs)
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** After how long each timer is due, the next first. */
  get pendingMs(): number[] {
    return [...this.#timers].map(({ dueMs }) => dueMs - this.#nowMs).sort((a, b) => a - b)
  }

  /** Time goes by and no timer runs, as when the process is stopped. */
  jump(ms: number): void {
    this.#nowMs += ms
  }

  /** Timers that are due run, in order, and what they set off with promises. */
  async run(): Promise<void> {
    await settle()
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#timers.delete(next)
      next.callback()
      await settle()
    }
  }

  /** Time goes by, each timer runs when it is due. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settle()
    for (;;) {
      const dueMs = Math.min(endMs, ...[...this.#timers].map((timer) => timer.dueMs))
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      await this.run()
      if (this.#nowMs >= endMs) return
    }
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= this.#nowMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer
    }
    return next
  }
}

/** All promises that only wait for promises have gone on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
