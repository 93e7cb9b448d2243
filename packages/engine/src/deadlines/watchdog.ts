/**
 * The watchdog thread of one thread with engines: sets the flag when the deadline in force passes.
 *
 *   idle --start--> starting --awaitRunning--> running --end--> ended
 *
 * It boots without its parent's event loop, which may be blocked by the very guest that it is to stop; it keeps no
 * process alive, and inherits neither Node's options nor the environment, whose preloaded modules have no business here.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { UnsupportedRuntimeError } from '../errors/unsupported-runtime-error.ts'
import type { ControlWords } from './control-words.ts'
import { phase, word } from './control-words.ts'
import { watchdogScript } from './watchdog-script.ts'

/** How long a thread may take to start on a machine under load, in milliseconds. */
const startTimeoutMs = 30_000

export class Watchdog {
  readonly #words: ControlWords
  #worker: Worker | undefined

  constructor(words: ControlWords) {
    this.#words = words
  }

  /**
   * `zero`: the `process.hrtime()` that times count from.
   * @throws UnsupportedRuntimeError where no worker threads are allowed
   */
  start(zero: readonly [seconds: number, nanoseconds: number]): void {
    if (this.#worker !== undefined) return
    const worker = this.#newWorker(zero)
    // What goes wrong there is found by those who wait for it.
    worker.on('error', () => undefined)
    worker.unref()
    this.#worker = worker
  }

  #newWorker(zero: readonly [seconds: number, nanoseconds: number]): Worker {
    try {
      return new Worker(watchdogScript, {
        eval: true,
        name: 'warmslot-watchdog',
        workerData: { words: this.#words, zero },
        execArgv: [],
        env: {},
        resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
      })
    } catch (cause) {
      throw new UnsupportedRuntimeError(
        'a watchdog thread for deadlines cannot be made',
        'Allow worker threads (with --permission: --allow-worker), or make the engine without `deadlines`.',
        { cause },
      )
    }
  }

  /** @throws UnsupportedRuntimeError */
  awaitRunning(): void {
    if (Atomics.load(this.#words, word.phase) === phase.running) return
    Atomics.wait(this.#words, word.phase, phase.starting, startTimeoutMs)
    if (Atomics.load(this.#words, word.phase) !== phase.running) {
      throw new UnsupportedRuntimeError(
        `the watchdog thread for deadlines has not started within ${startTimeoutMs / 1000} s`,
        'Give the process more processor time or memory, or make the engine without `deadlines`.',
      )
    }
  }

  /** Wakes it to look at the state. */
  wake(): void {
    Atomics.add(this.#words, word.wake, 1)
    Atomics.notify(this.#words, word.wake)
  }

  /** Ends the thread; resolves when it is gone. */
  async end(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    const gone = once(worker, 'exit')
    Atomics.store(this.#words, word.phase, phase.ending)
    this.wake()
    worker.ref()
    await gone
  }
}
