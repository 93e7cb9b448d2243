/**
 * One worker thread, seen from the main thread.
 *
 *     starting ──ready──► ready ──end(), or by itself──► ended
 *
 * Every request is answered, or fails with {@link WorkerLostError} when the thread has ended: nobody waits for ever.
 */
import { terminateWorker } from '@warmslot/engine'
import { Worker } from 'node:worker_threads'
import { ReportedError } from '../errors/reported-error.ts'
import { WorkerLostError } from '../errors/worker-lost-error.ts'
import type { Answer, NumberedRequest, Request, WorkerOptions } from './protocol.ts'
import { readyNumber } from './protocol.ts'
import { workerScript } from './worker-script.ts'

/** V8 would let it grow to several times that in each worker, for objects that live for one request. */
const youngGenerationMib = 32

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

export class WorkerThread {
  readonly number: number
  /** UIDs of the modules that it has run: it has warm slots for them, most likely. */
  readonly warm: Set<string> = new Set()
  /** UID of the module whose guest it runs. */
  running: string | undefined
  /** Resolves when it answers requests; rejects if it ends before. */
  readonly ready: Promise<void>
  /** Resolves when the thread is gone, with why. */
  readonly ended: Promise<string>
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #last: number = readyNumber
  #endReason: string | undefined

  constructor(number: number, options: WorkerOptions) {
    this.number = number
    this.#worker = new Worker(workerScript, {
      workerData: { number, options },
      name: `warmslot-${number}`,
      resourceLimits: {
        maxOldGenerationSizeMb: options.heapBytes / 2 ** 20,
        maxYoungGenerationSizeMb: youngGenerationMib,
      },
    })
    this.ready = new Promise((resolve, reject) => this.#pending.set(readyNumber, { resolve, reject }))
    this.ready.catch(() => undefined)
    this.#worker.on('message', (answer: Answer) => this.#answered(answer))
    this.#worker.on('error', (error) => (this.#endReason ??= `it failed: ${String(error)}`))
    this.ended = new Promise((resolve) => {
      this.#worker.on('exit', (code) => resolve(this.#exited(code)))
    })
  }

  get isEnded(): boolean {
    return this.#endReason !== undefined
  }

  /** @throws ReportedError what the worker answers; WorkerLostError */
  request<Value>(request: Request): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#endReason !== undefined) return reject(this.#lost(this.#endReason))
      this.#last += 1
      this.#pending.set(this.#last, { resolve, reject })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, no window
      this.#worker.postMessage({ number: this.#last, request } satisfies NumberedRequest)
    })
  }

  /** Ends the thread, whatever it does. Resolves when it is gone. */
  async end(reason: string): Promise<void> {
    this.#endReason ??= reason
    await terminateWorker(this.#worker)
    await this.ended
  }

  #answered(answer: Answer): void {
    const pending = this.#pending.get(answer.number)
    this.#pending.delete(answer.number)
    if ('error' in answer) pending?.reject(new ReportedError(answer.error))
    else pending?.resolve(answer.value as never)
  }

  #exited(code: number): string {
    this.#endReason ??= `it ended with code ${code}`
    for (const { reject } of this.#pending.values()) reject(this.#lost(this.#endReason))
    this.#pending.clear()
    return this.#endReason
  }

  #lost(reason: string): WorkerLostError {
    return new WorkerLostError(
      `Worker ${this.number} was lost (${reason}) and is replaced. The request may be sent again.`,
    )
  }
}
