/**
 * The queue of Modules: looks each up, has it reconciled, counts, and looks again at those that are not settled, after pauses that grow.
 */
import type { Logger } from 'pino'
import type { WorkQueueMetrics } from '../kubernetes/queue/work-queue-metrics.ts'
import type { HandlerResult } from '../kubernetes/queue/work-queue-options.ts'
import type { Store } from '../kubernetes/reflector/object-store.ts'
import type { Clock } from '../kubernetes/time/clock.ts'
import { WorkQueue } from '../kubernetes/work-queue.ts'
import type { OperatorMetrics } from '../metrics.ts'
import type { Module } from '../resource/module.ts'
import type { Outcome } from './controller-options.ts'
import { queueOptions } from './queue-options.ts'

export interface ModuleQueueOptions {
  readonly store: Store<Module>
  readonly reconcile: (module: Module, signal: AbortSignal) => Promise<Outcome>
  /** Modules at once. */
  readonly concurrency: number
  /** The longest pause, in milliseconds. */
  readonly retryMs: number
  readonly metrics: OperatorMetrics
  readonly queueMetrics: WorkQueueMetrics
  readonly log: Logger
  /** @default the system's */
  readonly clock?: Clock
}

/** The first pause, in milliseconds. */
const firstPauseMs = 500
/** Why a load was ended. */
const deleted = new Error('the Module was deleted meanwhile')
const labels = { controller: 'module' } as const

export class ModuleQueue implements AsyncDisposable {
  readonly #options: ModuleQueueOptions
  readonly #queue: WorkQueue<string>
  readonly #unwatch: () => void
  /** By key: how long the next pause is, in milliseconds. */
  readonly #pauses = new Map<string, number>()
  /** By key: those that are under way for Modules that are not deleted, as far as is known. */
  readonly #loads = new Map<string, AbortController>()

  constructor(options: ModuleQueueOptions) {
    const { concurrency, metrics, queueMetrics } = options
    this.#options = options
    this.#queue = new WorkQueue(queueOptions('module', options))
    this.#unwatch = queueMetrics.watch('module', this.#queue)
    metrics.mostWorkers.set(labels, concurrency)
    void this.#queue.run((key, signal) => this.#reconcile(key, signal), { concurrency })
  }

  add(key: string): void {
    this.#queue.add(key)
  }

  /** The Module is deleted: nothing is waited for that would bring it to hosts. It has to be in the queue. */
  endLoad(key: string): void {
    this.#loads.get(key)?.abort(deleted)
  }

  /** The Module is gone. */
  forget(key: string): void {
    this.endLoad(key)
    this.#queue.forget(key)
    this.#pauses.delete(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch()
    await this.#queue[Symbol.asyncDispose]()
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<HandlerResult | void> {
    const { metrics, reconcile, store } = this.#options
    const module = store.get(key)
    if (module === undefined) return
    const ending = new AbortController()
    // `AbortSignal.any` would stay with the queue's signal for as long as that lives, in some versions of Node.
    const end = (): void => ending.abort(signal.reason)
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    if (module.metadata.deletionTimestamp == null) this.#loads.set(key, ending)
    const stopClock = metrics.reconcileSeconds.startTimer(labels)
    metrics.activeWorkers.inc(labels)
    let result = 'error'
    try {
      const outcome = await reconcile(module, ending.signal)
      result = outcome === 'again' ? 'requeue_after' : 'success'
      if (outcome === 'again') return { requeueAfterMs: this.#nextPause(key) }
      // What is awaited may come and be of no use: the pause after that shall have grown.
      if (outcome === 'settled') this.#pauses.delete(key)
    } catch (error) {
      if (ending.signal.reason !== deleted) throw error
      // Whoever ended it has it in the queue again, if there is anything left of it.
      result = 'requeue'
    } finally {
      signal.removeEventListener('abort', end)
      this.#loads.delete(key)
      metrics.reconciles.inc({ ...labels, result })
      metrics.activeWorkers.dec(labels)
      stopClock()
    }
  }

  /** It doubles each time, up to `retryMs`; a little more, by chance. */
  #nextPause(key: string): number {
    const pauseMs = Math.min(this.#options.retryMs, this.#pauses.get(key) ?? firstPauseMs)
    this.#pauses.set(key, pauseMs * 2)
    return pauseMs * (1 + Math.random() * 0.3)
  }
}
