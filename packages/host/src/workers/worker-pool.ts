/**
 * The worker threads, and which of them runs which request.
 *
 *     run ─► RunQueue ─► a free worker, one that is warm for the module where there is one ─► answer
 *                            │ no answer within the time limit and a grace: the guest hangs in a host function
 *                            └─► ended and replaced; only that request fails. One that its worker had not begun with goes to another
 *
 * Invariants: a worker runs one guest at a time; a worker gets guests only when it has all modules; whatever worker comes up
 * later loads what was loaded before.
 */
import type { SharedModule } from '@warmslot/engine'
import { UnknownModuleError } from '../errors/unknown-module-error.ts'
import { WorkerLostError } from '../errors/worker-lost-error.ts'
import { FreeThreads } from './free-threads.ts'
import { ModuleLoader } from './module-loader.ts'
import type {
  GuestInput,
  GuestOutput,
  ModuleToLoad,
  Request,
  WorkerOptions,
  WorkerReceipt,
} from './protocol.ts'
import { type ModuleLoad, RunQueue, type Task } from './run-queue.ts'
import { WorkerCrew, type WorkerEvents } from './worker-crew.ts'
import type { WorkerThread } from './worker-thread.ts'

export interface WorkerPoolOptions {
  readonly workers: number
  readonly worker: WorkerOptions
  /** Requests that may wait, of all modules. */
  readonly queue: number
  /** How long after its time limit a guest may still not have answered, in milliseconds, before its worker is ended. */
  readonly graceMs: number
}

/** After so many lost workers a request is given to no other one. */
const mostLost = 3

export class WorkerPool implements AsyncDisposable {
  readonly #options: WorkerPoolOptions
  readonly #queue: RunQueue
  readonly #crew: WorkerCrew
  readonly #modules = new Map<string, ModuleLoad>()
  readonly #free = new FreeThreads(() => this.threads)
  readonly #loader: ModuleLoader
  #closed = false

  constructor(options: WorkerPoolOptions, events: WorkerEvents = {}) {
    this.#options = options
    this.#queue = new RunQueue(options.queue)
    const user = {
      prepare: (thread: WorkerThread) => this.#loadAll(thread),
      ready: (thread: WorkerThread) => this.#becomesFree(thread),
      gone: (thread: WorkerThread) => this.#free.gone(thread),
    }
    this.#crew = new WorkerCrew(options.workers, options.worker, user, events)
    this.#loader = new ModuleLoader(this.#crew, this.#free, options.workers, user.ready)
  }

  get slotsPerWorker(): number {
    return this.#options.worker.slots
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** Workers that run guests, or wait for them. */
  get threads(): readonly WorkerThread[] {
    return this.#crew.threads
  }

  isBusy(thread: WorkerThread): boolean {
    return !this.#free.has(thread)
  }

  /** Starts all workers. @throws what keeps a worker from starting */
  async start(): Promise<void> {
    try {
      await this.#crew.start()
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
  }

  /**
   * Gives a module to all workers, and has them make it warm. @throws ReportedError what the first worker says that cannot have it; UnusableModuleError where that
   * ends the worker; UnavailableError where there is none
   */
  async load(plan: ModuleToLoad): Promise<void> {
    await this.#loader.tryOne(plan)
    this.#modules.set(plan.uid, { plan, running: 0, waiting: 0 })
    try {
      await this.#loader.toAll(plan)
    } catch (error) {
      await this.purge(plan.uid)
      throw error
    }
  }

  /**
   * Runs a guest. @param signal nobody waits for the answer any more: a request that waits still is not run
   * @throws UnknownModuleError, OverloadedError, WorkerLostError, ReportedError
   */
  run(uid: string, input: GuestInput, signal?: AbortSignal): Promise<GuestOutput> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const module = this.#modules.get(uid)
      if (module === undefined) throw new UnknownModuleError(uid)
      const task: Task = { module, input, resolve, reject, lost: 0 }
      // Where a worker is free, those that wait do so for their module's sake.
      if (this.#free.size > 0 && module.running < module.plan.settings.concurrency) {
        void this.#runOn(this.#free.choose(uid), task)
        return
      }
      this.#queue.add(task)
      signal?.addEventListener('abort', () => {
        if (this.#queue.remove(task)) reject(signal.reason as Error)
      })
    })
  }

  /**
   * Has one worker initialise a module and capture the state. Call `release` when it has been taken over.
   * @throws ReportedError, WorkerLostError
   */
  async snapshot(plan: ModuleToLoad): Promise<{ value: SharedModule; release(): Promise<void> }> {
    const thread = await this.#free.any()
    const value = await thread.request<SharedModule>({ type: 'snapshot', module: plan })
    const release = async (): Promise<void> => {
      await thread.request({ type: 'purge', uid: plan.uid }).catch(() => undefined)
    }
    return { value, release }
  }

  /** Takes a module from all workers. Nothing of it may run or wait any more. A receipt of each worker. */
  async purge(uid: string): Promise<WorkerReceipt[]> {
    this.#modules.delete(uid)
    const threads = this.threads
    const receipts = threads.map(async (thread) => {
      thread.warm.delete(uid)
      try {
        return await thread.request<WorkerReceipt>({ type: 'purge', uid })
      } catch (error) {
        if (error instanceof WorkerLostError) await thread.ended
        return failedReceipt(thread.number, error instanceof WorkerLostError)
      }
    })
    return Promise.all(receipts)
  }

  /** Answers of all workers that answer. */
  ask<Value>(request: Request): Promise<{ thread: WorkerThread; value: Value }[]> {
    return this.#crew.ask(request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#free.close()
    await this.#crew.close((thread) => this.isBusy(thread))
  }

  async #loadAll(thread: WorkerThread): Promise<void> {
    // Those that come while it loads are among them.
    for (const { plan } of this.#modules.values()) await this.#loadInto(thread, plan)
  }

  async #loadInto(thread: WorkerThread, plan: ModuleToLoad): Promise<void> {
    try {
      await this.#loader.into(thread, plan)
    } catch (error) {
      if (!this.#modules.has(plan.uid)) return
      if (!(error instanceof WorkerLostError)) await thread.end(`it cannot load "${plan.name}"`)
      throw error
    }
  }

  #becomesFree(thread: WorkerThread): void {
    if (this.#free.giveBack(thread)) this.#dispatch()
  }

  #dispatch(): void {
    while (this.#free.size > 0) {
      const task = this.#queue.next()
      if (task === undefined) return
      void this.#runOn(this.#free.choose(task.module.plan.uid), task)
    }
  }

  async #runOn(thread: WorkerThread, task: Task): Promise<void> {
    const { uid, settings } = task.module.plan
    thread.running = uid
    task.module.running += 1
    const guard = setTimeout(() => {
      const reason = `a guest of "${task.module.plan.name}" did not end in time`
      // It is not free, and the crew starts another one.
      void thread.end(reason)
    }, settings.timeLimitMs + this.#options.graceMs)
    try {
      task.resolve(await thread.request<GuestOutput>({ type: 'run', uid, input: task.input }))
      thread.warm.add(uid)
    } catch (error) {
      if (this.#mayRunElsewhere(task, error)) this.#queue.putBack(task)
      else task.reject(error as Error)
    } finally {
      clearTimeout(guard)
      thread.running = undefined
      task.module.running -= 1
      if (thread.isEnded) this.#dispatch()
      else this.#becomesFree(thread)
    }
  }

  #mayRunElsewhere(task: Task, error: unknown): boolean {
    if (!(error instanceof WorkerLostError) || error.begun || this.#closed) return false
    task.lost += 1
    return task.lost < mostLost
  }
}

function failedReceipt(worker: number, ended: boolean): WorkerReceipt {
  const nothing = { slotsCleared: 0, mappingsRemoved: 0, bytesRemoved: 0, durationMs: 0 }
  return { worker, complete: ended, ended, ...nothing }
}
