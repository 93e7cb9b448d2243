/**
 * As many worker threads as there are to be, whatever happens to one of them.
 *
 *     start ─► comes up: `prepare` ─► `ready` ─► ... ─► gone ─► the next one starts, after a pause where it never came up
 */
import { WorkerLostError } from '../errors/worker-lost-error.ts'
import type { Request, WorkerOptions } from './protocol.ts'
import { WorkerThread } from './worker-thread.ts'

/** What happens to workers, for logs and metrics. */
export interface WorkerEvents {
  /** A worker is gone, and another one starts. */
  replaced?(worker: number, reason: string): void
  /** No worker could be started in its place; it is tried again. */
  startFailed?(error: unknown): void
}

/** Whoever uses the threads. */
export interface CrewUser {
  /** A thread answers. It is not used before this has resolved; if it rejects, the thread is given up. */
  prepare(thread: WorkerThread): Promise<void>
  /** A thread may be used. */
  ready(thread: WorkerThread): void
  /** A thread is no more. */
  gone(thread: WorkerThread): void
}

const restartAfterMs = 1_000

export class WorkerCrew {
  readonly #count: number
  readonly #options: WorkerOptions
  readonly #user: CrewUser
  readonly #events: WorkerEvents
  readonly #threads = new Set<WorkerThread>()
  #lastNumber = 0
  #closed = false

  constructor(count: number, options: WorkerOptions, user: CrewUser, events: WorkerEvents) {
    this.#count = count
    this.#options = options
    this.#user = user
    this.#events = events
  }

  /** Those that are there, also those that are coming up. */
  get threads(): readonly WorkerThread[] {
    return [...this.#threads].filter(({ isEnded }) => !isEnded)
  }

  /** @throws what keeps a worker from starting */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#count }, () => this.#startOne()))
  }

  /** Answers of all workers that answer. */
  async ask<Value>(request: Request): Promise<{ thread: WorkerThread; value: Value }[]> {
    const { threads } = this
    const answers = await Promise.allSettled(threads.map((thread) => thread.request<Value>(request)))
    return answers.flatMap((answer, index) =>
      answer.status === 'fulfilled' ? [{ thread: threads[index]!, value: answer.value }] : [],
    )
  }

  /** Has all workers do something. @throws ReportedError the first that one of them answers with, unless it is lost */
  async tell(request: Request): Promise<void> {
    const answers = await Promise.allSettled(this.threads.map((thread) => thread.request(request)))
    for (const answer of answers) {
      if (answer.status === 'rejected' && !(answer.reason instanceof WorkerLostError)) throw answer.reason
    }
  }

  /** Ends all. @param isBusy those are not waited for */
  async close(isBusy: (thread: WorkerThread) => boolean): Promise<void> {
    this.#closed = true
    const threads = [...this.#threads]
    const ends = threads.map((thread) =>
      isBusy(thread) ? thread.end('the host closes') : thread.request({ type: 'close' }),
    )
    await Promise.allSettled(ends)
    await Promise.all(threads.map(({ ended }) => ended))
  }

  async #startOne(): Promise<void> {
    this.#lastNumber += 1
    const thread = new WorkerThread(this.#lastNumber, this.#options)
    this.#threads.add(thread)
    let wasReady = false
    void thread.ended.then((reason) => this.#gone(thread, reason, wasReady))
    await thread.ready
    await this.#user.prepare(thread)
    if (thread.isEnded || this.#closed) return
    wasReady = true
    this.#user.ready(thread)
  }

  #gone(thread: WorkerThread, reason: string, wasReady: boolean): void {
    this.#threads.delete(thread)
    this.#user.gone(thread)
    if (this.#closed) return
    this.#events.replaced?.(thread.number, reason)
    const start = (): void =>
      void this.#startOne().catch((error: unknown) => this.#events.startFailed?.(error))
    // One that never came up ends here as well: not in a tight circle.
    if (wasReady) start()
    else setTimeout(start, restartAfterMs).unref()
  }
}
