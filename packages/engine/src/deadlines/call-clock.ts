/**
 * Which deadline is in force in this thread: one clock for all of its engines, since their calls share one stack.
 *
 *   host -> A (until 50) -> host callback -> B (until 20) -> ...       in force: 20, the least of all on the stack
 *                                         <- B over                    in force: 50 again
 *
 * A call into a guest is a *frame*; the deadline in force is shown to the watchdog in the state word when it changes,
 * which is at the first call of each use that is not within another's. After the outermost call it stays shown, so that
 * further calls of the same use only look at the word: no clock, no exchange.
 *
 * Invariant: while guest code runs, the state word stands for the least deadline on its stack. A stack overflow in here
 * may leave it behind; `#shown` then differs from what the next frame needs, which shows it anew.
 *
 * Calls that wait for a promise have no frame: V8 goes on with them out of our sight. While nothing else runs, the
 * *latest* deadline of all of them is in force: it never stops one too early.
 */
import type { ControlWords } from './control-words.ts'
import { isBefore, timeWord, word } from './control-words.ts'
import { Watchdog } from './watchdog.ts'

/** A use of an instance, as far as its time goes. In milliseconds of `performance.now()`, Infinity for none. */
export interface Timed {
  readonly deadline: number
}

export class CallClock {
  /** What guests import: its first word is the state. */
  readonly memory: WebAssembly.Memory
  /** How many frames there are. Callers save and restore it, so that it is right after any error. */
  depth = 0
  readonly #words: ControlWords
  readonly #watchdog: Watchdog
  /** One moment, as `performance.now()` and as `process.hrtime()` tell it. */
  #zeroMs = 0
  #zero: readonly [seconds: number, nanoseconds: number] = [0, 0]
  /** By depth: whose frame it is, and the least deadline up to it. */
  readonly #frames: (Timed | undefined)[] = [undefined]
  readonly #limits: number[] = [Infinity]
  readonly #suspended: Timed[] = []
  /** The deadline that the state word stands for; NaN while it is being changed. */
  #shown = Infinity

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
    this.#words = new Int32Array(this.memory.buffer as unknown as SharedArrayBuffer)
    this.#watchdog = new Watchdog(this.#words)
    // The first call of each takes a while. In this order nothing is stopped early.
    for (let call = 0; call < 2; call++) {
      this.#zeroMs = performance.now()
      this.#zero = process.hrtime()
    }
  }

  /** Starts the watchdog without waiting for it. @throws UnsupportedRuntimeError */
  start(): void {
    this.#watchdog.start(this.#zero)
  }

  /** Begins to keep deadlines: waits for the watchdog, which takes a while the first time. @throws UnsupportedRuntimeError */
  awaitRunning(): void {
    this.start()
    this.#watchdog.awaitRunning()
  }

  end(): Promise<void> {
    return this.#watchdog.end()
  }

  /** Begins a frame; false, and none has begun, if the deadline in force or that of `use` has passed. */
  enter(use: Timed): boolean {
    const depth = this.depth
    const limit = Math.min(this.#limits[depth]!, use.deadline)
    if (limit !== this.#shown) {
      if (limit !== Infinity && performance.now() >= limit) return false
      this.#show(limit)
    } else if (limit !== Infinity && Atomics.load(this.#words, word.state) < 0) return false
    this.#frames[depth + 1] = use
    this.#limits[depth + 1] = limit
    this.depth = depth + 1
    return true
  }

  /** Ends the frame that was begun at `depth`; true if the guest was told to stop, or should have been. */
  leave(depth: number): boolean {
    this.depth = depth
    this.#frames[depth + 1] = undefined
    let limit = this.#limits[depth]!
    // Where nothing runs nobody looks: what is shown may stay, and the next call of the same use finds it there.
    if (depth === 0) {
      const stays = this.#suspended.length === 0 && !Number.isNaN(this.#shown)
      limit = stays ? this.#shown : this.#latestSuspended()
    }
    if (limit !== this.#shown) return this.#show(limit) < 0
    return limit !== Infinity && Atomics.load(this.#words, word.state) < 0
  }

  /** `use` has another deadline now, also for its calls that are running. */
  refresh(use: Timed): void {
    const { depth } = this
    if (this.#frames.indexOf(use, 1) < 0 && !this.#suspended.includes(use)) return
    for (let frame = 1; frame <= depth; frame++) {
      this.#limits[frame] = Math.min(this.#limits[frame - 1]!, this.#frames[frame]!.deadline)
    }
    this.#show(depth === 0 ? this.#latestSuspended() : this.#limits[depth]!)
  }

  /** A call of `use` is waiting for a promise from now on. */
  suspend(use: Timed): void {
    this.#suspended.push(use)
    if (this.depth === 0) this.#show(this.#latestSuspended())
  }

  /** A call of `use` has settled. */
  settle(use: Timed): void {
    this.#suspended.splice(this.#suspended.indexOf(use), 1)
    if (this.depth === 0) this.#show(this.#latestSuspended())
  }

  #latestSuspended(): number {
    if (this.#suspended.length === 0) return Infinity
    return this.#suspended.reduce((latest, { deadline }) => Math.max(latest, deadline), 0)
  }

  /** Puts a deadline into the state word, and wakes the watchdog if it sleeps for longer; returns what was there. */
  #show(deadline: number): number {
    this.#shown = Number.NaN
    const time = deadline === Infinity ? 0 : timeWord(deadline - this.#zeroMs)
    const before = Atomics.exchange(this.#words, word.state, time)
    if (time !== 0) {
      const sleeps = Atomics.load(this.#words, word.sleeps)
      if (sleeps === 0 || isBefore(time, sleeps)) {
        Atomics.store(this.#words, word.hint, time)
        this.#watchdog.wake()
      }
    }
    this.#shown = deadline
    return before
  }
}
