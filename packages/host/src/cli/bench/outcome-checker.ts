/** Runs uses, and compares each with the first native one; not within the time that is measured. */
import type { LoadedModule } from '../../worker/loaded-module.ts'
import type { GuestInput } from '../../workers/protocol.ts'
import { beatIndex, type BenchOutput } from './bench-plan.ts'
import type { Sides, TimedUse } from './by-turns.ts'
import type { LoadedSides } from './loaded-sides.ts'
import { type Outcome, outcomeOf, outcomeText, sameOutcome } from './outcome.ts'

export class OutcomeChecker {
  readonly #sides: LoadedSides
  readonly #input: GuestInput
  readonly #beat: Int32Array
  readonly #first: Outcome
  readonly #repeatable: boolean
  #pooled: Outcome | undefined
  #uses = 1
  #differing = 0

  /** The pooled one first: its time limit works within this thread. */
  constructor(sides: LoadedSides, input: GuestInput, beat: Int32Array) {
    this.#sides = sides
    this.#input = input
    this.#beat = beat
    const early = this.#use(sides.pooled)
    this.#first = this.#use(sides.native)
    this.#repeatable = sameOutcome(this.#first, this.#use(sides.native))
    this.#compare(early, 'pooled')
  }

  get output(): BenchOutput {
    return {
      same: this.#differing === 0,
      repeatable: this.#repeatable,
      uses: this.#uses,
      differing: this.#differing,
      native: outcomeText(this.#first),
      ...(this.#pooled !== undefined && { pooled: outcomeText(this.#pooled) }),
    }
  }

  timed(side: keyof Sides): TimedUse {
    const module = this.#sides[side]
    return () => {
      const start = performance.now()
      const outcome = this.#use(module)
      const duration = performance.now() - start
      this.#compare(outcome, side)
      return duration
    }
  }

  /** The other thread sees that it runs. */
  #use(module: LoadedModule): Outcome {
    Atomics.add(this.#beat, beatIndex.uses, 1)
    Atomics.store(this.#beat, beatIndex.running, 1)
    try {
      return outcomeOf(module, this.#input)
    } finally {
      Atomics.store(this.#beat, beatIndex.running, 0)
    }
  }

  #compare(outcome: Outcome, side: keyof Sides): void {
    this.#uses += 1
    if (sameOutcome(this.#first, outcome)) return
    this.#differing += 1
    if (side === 'pooled') this.#pooled ??= outcome
  }
}
