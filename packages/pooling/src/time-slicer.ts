/**
 * Long work in small steps, so that the event loop is never held for long: in each turn of the event loop one slice, all
 * jobs together. (One slice for each job would add up: a hundred purges at half a millisecond are fifty.)
 *
 *     turn 1            turn 2            turn 3
 *     ┌─slice─┐         ┌─slice─┐         ┌─slice─┐
 *     │A A A A│ others  │A A B B│ others  │B      │
 *     └───────┘         └───────┘         └───────┘
 *
 * The clock is asked after every step, so a slice overruns its budget by one step at most.
 */

/** How a job was cut. */
export interface SliceReport {
  /** Turns of the event loop that the job had a part in. */
  readonly slices: number
  /** The longest it held the event loop in one of them, in milliseconds. */
  readonly longestSliceMs: number
}

interface Job {
  readonly step: () => boolean
  readonly resolve: (report: SliceReport) => void
  readonly reject: (reason: unknown) => void
  slices: number
  longestSliceMs: number
}

export class TimeSlicer {
  readonly #sliceMs: number
  readonly #clock: () => number
  readonly #jobs: Job[] = []
  readonly #runSlice = (): void => this.#slice()
  #scheduled = false

  constructor(sliceMs: number, clock: () => number) {
    this.#sliceMs = sliceMs
    this.#clock = clock
  }

  /** Calls `step` until it returns false, in slices from the next turn on, first come first served. */
  run(step: () => boolean): Promise<SliceReport> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ step, resolve, reject, slices: 0, longestSliceMs: 0 })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#runSlice)
  }

  #slice(): void {
    this.#scheduled = false
    let now = this.#clock()
    const end = now + this.#sliceMs
    for (let job = this.#jobs[0]; job !== undefined && now < end; job = this.#jobs[0]) {
      now = this.#advance(job, now, end)
    }
    if (this.#jobs.length > 0) this.#schedule()
  }

  #advance(job: Job, start: number, end: number): number {
    let more = true
    let now = start
    try {
      do {
        more = job.step()
        now = this.#clock()
      } while (more && now < end)
    } catch (error) {
      this.#jobs.shift()
      job.reject(error)
      return this.#clock()
    }
    job.slices += 1
    job.longestSliceMs = Math.max(job.longestSliceMs, now - start)
    if (!more) {
      this.#jobs.shift()
      job.resolve({ slices: job.slices, longestSliceMs: job.longestSliceMs })
    }
    return now
  }
}
