/**
 * One worker thread, seen from the main thread.
 *
 *     starting ──ready──► ready ──end(), or by itself──► ended
 *
 * Every request is answered, or fails with {@link WorkerLostError} when the thread has ended: nobody waits for ever. The error says
 * whether the worker had begun with it: that stands in shared memory, since a thread that ends can say nothing.
 */
import { terminateWorker } from '@warmslot/engine'
import { Worker } from 'node:worker_threads'
import { ReportedError } from '../errors/reported-error.ts'
import { WorkerLostError } from '../errors/worker-lost-error.ts'
import type { Answer, NumberedRequest, Request, WorkerData, WorkerOptions } from './protocol.ts'
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
  readonly #begun = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  readonly #pending = new Map<number, Pending>()
  #last: number = readyNumber
  #endReason: string | undefined
  #heapWasFull = false

  constructor(number: number, options: WorkerOptions) {
    this.number = number
    this.#worker = new Worker(workerScript, {
      workerData: { number, options, begun: this.#begun } satisfies WorkerData,
      name: `warmslot-${number}`,
      resourceLimits: {
        maxOldGenerationSizeMb: options.heapBytes / 2 ** 20,
        maxYoungGenerationSizeMb: youngGenerationMib,
      },
    })
    this.ready = new Promise((resolve, reject) => this.#pending.set(readyNumber, { resolve, reject }))
    this.ready.catch(() => undefined)
    this.#worker.on('message', (answer: Answer) => this.#answered(answer))
    this.#worker.on('error', (error) => this.#failed(error, options))
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
      if (this.#endReason !== undefined) return reject(this.#lost(this.#endReason, false))
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

  #failed(error: unknown, { heapBytes }: WorkerOptions): void {
    this.#heapWasFull = (error as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    this.#endReason ??= this.#heapWasFull
      ? `its heap was full: ${heapBytes} bytes, option "workerHeapBytes", for tables, GC objects and what WASI keeps`
      : `it failed: ${String(error)}`
  }

  #exited(code: number): string {
    this.#endReason ??= `it ended with code ${code}`
    const begun = Atomics.load(this.#begun, 0)
    for (const [number, { reject }] of this.#pending)
      reject(this.#lost(this.#endReason, (number | 0) === begun))
    this.#pending.clear()
    return this.#endReason
  }

  #lost(reason: string, begun: boolean): WorkerLostError {
    // What filled the heap once does so again.
    const advice = this.#heapWasFull && begun ? '' : ' The request may be sent again.'
    const message = `Worker ${this.number} was lost (${reason}) and is replaced.${advice}`
    return new WorkerLostError(message, begun)
  }
}
