/**
 * Keys that wait to be processed. What a key stands for is looked up by the handler, so that many changes of one object are one run.
 *
 *     add ──► waiting ──► processing ──► done
 *                            └─ added in the meantime ──► waiting, once
 *
 * Guarantees: no key waits twice; none is processed twice at once; one that is added while it is processed runs once more afterwards;
 * first come, first served. A handler that throws has its key run again after a back-off of the key's own; one that ends well has it
 * forgotten. Its size is that of the set of keys: it is bounded by what keys are made of.
 *
 * Errors: none but InvalidOptionError; what handlers throw goes to `onError`.
 */
import { InvalidOptionError } from './errors/invalid-option-error.ts'
import type { WorkQueueNumbers } from './queue/work-queue-metrics.ts'
import {
  checkConcurrency,
  type Handler,
  resolveWorkQueueOptions,
  type ResolvedWorkQueueOptions,
  type RunOptions,
  type WorkQueueOptions,
} from './queue/work-queue-options.ts'
import { backOffDelay } from './time/back-off.ts'

export class WorkQueue<K extends string> implements WorkQueueNumbers, AsyncDisposable {
  readonly #options: ResolvedWorkQueueOptions<K>
  /** Since when, in the order in which they came. */
  readonly #waiting = new Map<K, number>()
  /** Since when. */
  readonly #processing = new Map<K, number>()
  /** Added while they are processed; since when. */
  readonly #again = new Map<K, number>()
  readonly #later = new Map<K, { readonly dueMs: number; readonly cancel: () => void }>()
  readonly #failures = new Map<K, number>()
  readonly #stop = new AbortController()
  readonly #ended = Promise.withResolvers<void>()
  #handler: Handler<K> | undefined
  #concurrency = 0
  #isOpen = true

  /** @throws InvalidOptionError */
  constructor(options: WorkQueueOptions<K> = {}) {
    this.#options = resolveWorkQueueOptions(options)
  }

  get depth(): number {
    return this.#waiting.size
  }

  /** Keys that are processed. */
  get running(): number {
    return this.#processing.size
  }

  /** Keys that come later. */
  get delayed(): number {
    return this.#later.size
  }

  get unfinishedWorkSeconds(): number {
    const now = this.#options.clock.now()
    return [...this.#processing.values()].reduce((sum, startMs) => sum + (now - startMs), 0) / 1000
  }

  get longestRunningSeconds(): number {
    const now = this.#options.clock.now()
    return Math.max(0, ...[...this.#processing.values()].map((startMs) => now - startMs)) / 1000
  }

  /** How often in a row a key was added with `addRateLimited`. */
  failures(key: K): number {
    return this.#failures.get(key) ?? 0
  }

  /** Does nothing where the key waits already, or the queue is closed. */
  add(key: K): void {
    if (!this.#isOpen) return
    const now = this.#options.clock.now()
    if (this.#processing.has(key)) {
      if (this.#again.has(key)) return
      this.#again.set(key, now)
      this.#options.observer?.added()
    } else if (!this.#waiting.has(key)) {
      this.#waiting.set(key, now)
      this.#options.observer?.added()
      this.#pump()
    }
  }

  /** Adds it then. Of several delays of a key, the one that ends first counts. */
  addAfter(key: K, delayMs: number): void {
    if (!this.#isOpen) return
    if (Number.isNaN(delayMs)) throw new InvalidOptionError('delayMs', 'a number of milliseconds', delayMs)
    if (delayMs <= 0) return this.add(key)
    const dueMs = this.#options.clock.now() + delayMs
    const known = this.#later.get(key)
    if (known !== undefined && known.dueMs <= dueMs) return
    known?.cancel()
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#later.delete(key)
      this.add(key)
    })
    this.#later.set(key, { dueMs, cancel })
  }

  /** Adds it after a delay that doubles each time, until `forget`. @returns the delay, in milliseconds */
  addRateLimited(key: K): number {
    if (!this.#isOpen) return 0
    const failures = this.failures(key) + 1
    this.#failures.set(key, failures)
    const { backOff, random, observer } = this.#options
    const delayMs = backOffDelay(backOff, failures, random())
    observer?.retried()
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** Its failures count no more. It may still wait, or come later. */
  forget(key: K): void {
    this.#failures.delete(key)
  }

  /** Processes keys. Once. @returns ends when the queue was drained or disposed, and no handler runs any more */
  run(handler: Handler<K>, { concurrency = 1 }: RunOptions = {}): Promise<void> {
    checkConcurrency(concurrency)
    if (this.#handler !== undefined) throw new InvalidOptionError('run', 'called once', 'called again')
    this.#handler = handler
    this.#concurrency = concurrency
    this.#pump()
    return this.#ended.promise
  }

  /** Takes no more keys, drops those that come later, and processes those that wait. Ends when that is done. */
  drain(): Promise<void> {
    this.#close()
    // Nobody processes them.
    if (this.#handler === undefined) this.#waiting.clear()
    this.#endIfDone()
    return this.#ended.promise
  }

  /** Drops all keys, aborts the handlers' signal, and waits for those that run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
    this.#waiting.clear()
    this.#again.clear()
    this.#stop.abort()
    this.#endIfDone()
    await this.#ended.promise
  }

  #close(): void {
    this.#isOpen = false
    for (const { cancel } of this.#later.values()) cancel()
    this.#later.clear()
  }

  #pump(): void {
    if (this.#handler === undefined) return
    for (const [key, sinceMs] of this.#waiting) {
      if (this.#processing.size >= this.#concurrency) return
      this.#waiting.delete(key)
      void this.#process(this.#handler, key, sinceMs)
    }
  }

  async #process(handler: Handler<K>, key: K, sinceMs: number): Promise<void> {
    const { clock, observer } = this.#options
    const startMs = clock.now()
    this.#processing.set(key, startMs)
    observer?.began((startMs - sinceMs) / 1000)
    try {
      // The handler begins in a later turn: whoever adds a key is not in the midst of its processing.
      await Promise.resolve()
      const result = await handler(key, this.#stop.signal)
      this.forget(key)
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs)
    } catch (error) {
      this.#failed(key, error)
    } finally {
      observer?.ended((clock.now() - startMs) / 1000)
      this.#processing.delete(key)
      const againMs = this.#again.get(key)
      this.#again.delete(key)
      if (againMs !== undefined) this.#waiting.set(key, againMs)
      this.#pump()
      this.#endIfDone()
    }
  }

  #failed(key: K, error: unknown): void {
    const retryInMs = this.addRateLimited(key)
    try {
      this.#options.onError?.(error, key, this.failures(key), retryInMs)
    } catch {
      // Who listens must not stop it.
    }
  }

  #endIfDone(): void {
    if (!this.#isOpen && this.#waiting.size === 0 && this.#processing.size === 0) this.#ended.resolve()
  }
}
