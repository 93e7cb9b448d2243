/** The time of one use: its deadline, and its calls as frames of the thread's clock. */
import { DeadlineExceededError } from '../errors/deadline-exceeded-error.ts'
import type { CallClock, Timed } from './call-clock.ts'
import type { EngineDeadlines } from './engine-deadlines.ts'

export class UseTime implements Timed {
  readonly clock: CallClock
  /** In milliseconds of `performance.now()`; Infinity: none. */
  deadline: number = Infinity
  readonly #deadlines: EngineDeadlines
  #counted = false

  constructor(deadlines: EngineDeadlines) {
    this.#deadlines = deadlines
    this.clock = deadlines.clock
  }

  /** Sets the deadline, from now. @throws UnsupportedRuntimeError */
  extend(deadlineMs: number): void {
    this.clock.awaitRunning()
    this.deadline = performance.now() + deadlineMs
    this.clock.refresh(this)
  }

  /** Begins a call; returns what {@link returned} and {@link failed} need. @throws DeadlineExceededError */
  enter(): number {
    const { depth } = this.clock
    if (!this.clock.enter(this)) throw this.#exceeded()
    return depth
  }

  /** The call returned. @throws DeadlineExceededError all the same, if its time is over: it may have swallowed ours */
  returned(depth: number): void {
    if (this.clock.leave(depth)) throw this.#exceeded()
  }

  /** The call threw: what to throw instead. */
  failed(depth: number, error: unknown): unknown {
    return this.clock.leave(depth) ? this.#exceeded() : error
  }

  /** Makes a call that returns a promise, and may wait for others. @throws DeadlineExceededError */
  async promising(call: () => Promise<unknown>): Promise<unknown> {
    const depth = this.enter()
    let stopped = false
    let promise: Promise<unknown>
    try {
      promise = call()
    } finally {
      stopped = this.clock.leave(depth)
    }
    this.clock.suspend(this)
    let result: unknown
    try {
      result = await promise
    } catch (error) {
      throw stopped || this.#passed ? this.#exceeded() : error
    } finally {
      this.clock.settle(this)
    }
    if (stopped || this.#passed) throw this.#exceeded()
    return result
  }

  get #passed(): boolean {
    return performance.now() >= this.deadline
  }

  #exceeded(): DeadlineExceededError {
    if (!this.#counted) {
      this.#counted = true
      this.#deadlines.exceeded++
    }
    return new DeadlineExceededError()
  }
}
