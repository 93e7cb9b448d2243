/**
 * Who waits to have a thread for himself, without guests: first come first served. Whoever gets it gives it back as a guest's end does.
 *
 *     next() ─► the thread has ended its guest: take() ─► theirs ─► free again: the next one, or guests
 *                 │ the thread is gone: end()
 *                 └─► theirs as well; what they ask of it fails
 */
import type { WorkerThread } from './worker-thread.ts'

export class ThreadReservations {
  readonly #waiting = new Map<WorkerThread, (() => void)[]>()

  /** Resolves when the thread is whoever asked's. */
  next(thread: WorkerThread): Promise<void> {
    if (thread.isEnded) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.set(thread, [...(this.#waiting.get(thread) ?? []), resolve])
    })
  }

  /** A thread is free: false where nobody waits for it. */
  take(thread: WorkerThread): boolean {
    const [first, ...others] = this.#waiting.get(thread) ?? []
    if (first === undefined) return false
    if (others.length > 0) this.#waiting.set(thread, others)
    else this.#waiting.delete(thread)
    first()
    return true
  }

  /** A thread is no more. */
  end(thread: WorkerThread): void {
    for (const resolve of this.#waiting.get(thread) ?? []) resolve()
    this.#waiting.delete(thread)
  }
}
