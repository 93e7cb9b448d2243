/** What the fuzzing process and the one that watches it say to each other. */

/** To the fuzzing process, as its one argument in JSON. */
export interface Task {
  readonly seed: number
  readonly seconds: number
  readonly corpus: string
  readonly findings: string
  /** The binary that is being tried stands in this file, so that it is known after a crash. */
  readonly current: string
  readonly missed: boolean
}

/** From it, every second or so and at its end. */
export interface Progress {
  readonly executions: number
  readonly corpus: number
  /** From 0 to 1, of the bytes of source in `src/binary`. */
  readonly coverage: number
  readonly counts: Readonly<Record<string, number>>
  /** How often each kind of finding was seen. */
  readonly findings: Readonly<Record<string, number>>
  readonly missed?: readonly string[]
}
