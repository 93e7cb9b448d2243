/** Runs the measuring thread, and ends it when a guest runs for longer than it may: natively nothing else can stop one. */
import { terminateWorker } from '@warmslot/engine'
import { Worker } from 'node:worker_threads'
import { FailureError } from '../failure-error.ts'
import { UsageError } from '../usage-error.ts'
import { beatIndex, type BenchMessage, type BenchPlan, type BenchReport } from './bench-plan.ts'

/** Beside this package's other files, built or not. */
const script = import.meta.url.endsWith('.ts')
  ? new URL('./bench-thread.ts', import.meta.url)
  : new URL('./cli/bench/bench-thread.js', import.meta.url)

/** How often it is looked whether the guest still runs. */
const lookMs = 50
/** What a pooled guest gets to be stopped by its own deadline. */
const graceMs = 500

/** @throws FailureError, UsageError */
export async function runThread(plan: BenchPlan, progress: (text: string) => void): Promise<BenchReport> {
  const worker = new Worker(script, { workerData: plan, name: 'warmslot-bench' })
  const watch = new GuestWatch(plan)
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (message: BenchMessage) => {
        if (message.type === 'progress') progress(message.text)
        else if (message.type === 'report') resolve(message.report)
        else reject(message.usage ? new UsageError(message.message) : new FailureError(message.message))
      })
      worker.on('error', reject)
      worker.on('exit', (code) => reject(new FailureError(`the measuring thread ended with code ${code}`)))
      watch.start(() => {
        const text = `the guest did not end within ${plan.timeLimitMs} ms, natively; give it more with --time-limit-ms`
        reject(new FailureError(text))
      })
    })
  } finally {
    watch.stop()
    await terminateWorker(worker)
  }
}

class GuestWatch {
  readonly #beat: Int32Array
  readonly #limitMs: number
  #timer: NodeJS.Timeout | undefined
  #uses = 0
  #since = 0

  constructor({ beat, timeLimitMs }: BenchPlan) {
    this.#beat = beat
    this.#limitMs = timeLimitMs + graceMs
  }

  start(tooLong: () => void): void {
    this.#timer = setInterval(() => {
      const uses = Atomics.load(this.#beat, beatIndex.uses)
      const runs = Atomics.load(this.#beat, beatIndex.running) === 1
      if (!runs || uses !== this.#uses) this.#since = performance.now()
      else if (performance.now() - this.#since > this.#limitMs) tooLong()
      this.#uses = uses
    }, lookMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
