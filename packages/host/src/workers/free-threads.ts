/**
 * Which threads run nothing, and who gets one.
 *
 *     giveBack ─► somebody has reserved it ─► theirs
 *              └► free ─► choose: a guest's, of a module that it is warm for where there is one
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { UnavailableError } from '../errors/unavailable-error.ts'
import { ThreadReservations } from './thread-reservations.ts'
import type { WorkerThread } from './worker-thread.ts'

/** How long, and how often, a thread is looked for where all are being replaced, in milliseconds. */
const patienceMs = 5_000
const pauseMs = 20

export class FreeThreads {
  readonly #all: () => readonly WorkerThread[]
  readonly #free = new Set<WorkerThread>()
  readonly #reservations = new ThreadReservations()
  #closed = false

  /** @param all those that run guests, or wait for them */
  constructor(all: () => readonly WorkerThread[]) {
    this.#all = all
  }

  get size(): number {
    return this.#free.size
  }

  has(thread: WorkerThread): boolean {
    return this.#free.has(thread)
  }

  /** For a guest of this module. There must be one. */
  choose(uid: string): WorkerThread {
    let chosen: WorkerThread | undefined
    for (const thread of this.#free) {
      chosen ??= thread
      if (!thread.warm.has(uid)) continue
      chosen = thread
      break
    }
    this.#free.delete(chosen!)
    return chosen!
  }

  /** Has this one for the caller alone as soon as its guest has ended, or the thread is lost. Give it back. */
  async reserve(thread: WorkerThread): Promise<void> {
    if (!this.#free.delete(thread)) await this.#reservations.next(thread)
  }

  /** It runs nothing any more. @returns whether it is free now: it may be lost, or somebody else's already */
  giveBack(thread: WorkerThread): boolean {
    if (thread.isEnded || this.#reservations.take(thread)) return false
    this.#free.add(thread)
    return true
  }

  /** A thread is no more. */
  gone(thread: WorkerThread): void {
    this.#free.delete(thread)
    this.#reservations.end(thread)
  }

  /** A free one where there is one, else any; the next one, where all are being replaced. It stays where it is. @throws UnavailableError if none comes up */
  async any(): Promise<WorkerThread> {
    for (const start = performance.now(); ; await sleep(pauseMs)) {
      const [thread] = this.#free.size > 0 ? this.#free : this.#all()
      if (thread !== undefined) return thread
      if (this.#closed || performance.now() - start > patienceMs)
        throw new UnavailableError('There is no worker at the moment.')
    }
  }

  /** Nobody waits for threads any more. */
  close(): void {
    this.#closed = true
  }
}
