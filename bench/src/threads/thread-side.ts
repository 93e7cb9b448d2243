/** A side whose uses are made by several worker threads at once. */
// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { Side } from '../peers/side.ts'
import type { ThreadTask } from './thread.ts'

export class ThreadSide implements Side, AsyncDisposable {
  readonly share: number
  readonly #workers: readonly Worker[]

  private constructor(share: number, workers: readonly Worker[]) {
    this.share = share
    this.#workers = workers
  }

  static async make(task: Omit<ThreadTask, 'startLine'>, share: number): Promise<ThreadSide> {
    const workerData: ThreadTask = { ...task, startLine: new SharedArrayBuffer(4) }
    const workers = Array.from(
      { length: task.threads },
      () => new Worker(`${import.meta.dirname}/thread.ts`, { workerData }),
    )
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    return new ThreadSide(share, workers)
  }

  /** Durations of so many uses of each thread. */
  async round(uses: number): Promise<Float64Array> {
    const answers = this.#workers.map((worker) => once(worker, 'message') as Promise<[Float64Array]>)
    for (const worker of this.#workers) worker.postMessage(uses)
    const all = await Promise.all(answers)
    return Float64Array.from(all.flatMap(([durations]) => Array.from(durations)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = this.#workers.map((worker) => once(worker, 'exit'))
    for (const worker of this.#workers) worker.postMessage(0)
    await Promise.all(ends)
  }
}
