/**
 * Time, as all parts here have it: one that only goes forward for durations, the wall clock for what people read, and timers. Tests
 * bring their own.
 */
export interface Clock {
  /** Goes forward only, in milliseconds, also while the process is stopped (SIGSTOP). The start is arbitrary. */
  now(): number
  /** The wall clock. */
  date(): Date
  /** Calls once after `delayMs`. Whoever waits keeps the process alive. @returns call it to cancel */
  after(delayMs: number, callback: () => void): () => void
}

/** Node's timers fire at once when asked to wait longer. */
const maxTimerMs = 2 ** 31 - 1

/** Linux' CLOCK_MONOTONIC: it runs while the process is stopped, but not while the machine is suspended. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), maxTimerMs))
    return () => clearTimeout(timer)
  },
}

/** Waits. Resolves early, without an error, when the signal is aborted: ask it. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    signal.addEventListener('abort', done)
  })
}
