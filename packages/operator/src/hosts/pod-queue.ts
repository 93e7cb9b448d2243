/** The queue of hosts' pods, by UID: each is held while a ledger names it, and let go when none does. */
import { queueOptions, type QueueContext } from '../controller/queue-options.ts'
import type { HandlerResult } from '../kubernetes/queue/work-queue-options.ts'
import { WorkQueue } from '../kubernetes/work-queue.ts'
import type { PodHolder } from './pod-holder.ts'

export interface PodQueueOptions extends QueueContext {
  readonly holder: PodHolder
  readonly isNeeded: (podUID: string) => boolean
  /** When the watch of Modules has brought something last, monotonic, in milliseconds. */
  readonly modulesSeenAtMs: () => number
  /** Before it no pod is let go: longer than any request to the API server takes, in milliseconds. */
  readonly firstReleaseMs: number
}

const concurrency = 4

export class PodQueue implements AsyncDisposable {
  readonly #options: PodQueueOptions
  readonly #queue: WorkQueue<string>
  readonly #unwatch: () => void
  readonly #startedAtMs = performance.now()

  constructor(options: PodQueueOptions) {
    this.#options = options
    this.#queue = new WorkQueue(queueOptions('pod', options))
    this.#unwatch = options.queueMetrics.watch('pod', this.#queue)
  }

  /** Works until it is disposed. Keys that were added before wait for it. */
  start(): void {
    void this.#queue.run((podUID) => this.#settle(podUID), { concurrency })
  }

  add(podUID: string): void {
    this.#queue.add(podUID)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch()
    await this.#queue[Symbol.asyncDispose]()
  }

  /**
   * What the one before in charge has sent may still be under way: no pod is let go until that has had its time, and the watch of Modules has
   * brought something since (a bookmark at least): so it has brought what came of it.
   */
  async #settle(podUID: string): Promise<HandlerResult | void> {
    const { firstReleaseMs, holder, isNeeded, modulesSeenAtMs } = this.#options
    const sinceMs = this.#startedAtMs + firstReleaseMs
    if (!isNeeded(podUID) && modulesSeenAtMs() < sinceMs)
      return { requeueAfterMs: Math.max(1_000, sinceMs - performance.now()) }
    await holder.settle(podUID)
  }
}
