/**
 * What a case of the crash matrix is.
 *
 * Most cases are one script that runs twice in the same child process, on plain V8 and in the pool, and both must end
 * alike: the same result, or an error of the same class with the same message. So nobody writes expectations by hand.
 * What plain V8 has no counterpart for (a release) runs in the pool only and asserts. What ends the process itself has a
 * child of its own for each side, and what counts is how that ended.
 */

// oxlint-disable-next-line typescript/no-explicit-any -- what a module exports has no types here
export type Anything = any

/** One instance, on whichever side. */
export interface Use {
  readonly exports: Record<string, Anything>
  readonly memories: readonly Pick<WebAssembly.Memory, 'buffer' | 'grow'>[]
  /** The pooled instance itself; undefined on plain V8. */
  readonly pooled: import('../../src/index.ts').PooledInstance | undefined
  /** The release, where there is one. */
  end(): void
}

/** One side: plain V8 or the pool. */
export interface World {
  readonly side: Side
  /** Instantiates a module given as WebAssembly text. Its memories must declare a maximum of at most 16 pages. */
  open(text: string, imports?: WebAssembly.Imports): Promise<Use>
  /** The built package, and the engine of this child: for cases of the pool only. */
  readonly warmslot: typeof import('../../src/index.ts')
  readonly engine: import('../../src/index.ts').Engine
}

export type Side = 'V8' | 'pool'

export interface Case {
  readonly name: string
  /** Cases of one family share a row in the table. @default the name */
  readonly family?: string
  /** On both sides; what it returns or throws is compared. With `only: 'pool'` it asserts by itself. */
  run(world: World): unknown
  /** @default on both sides */
  readonly only?: 'pool'
  /** Ends its process: it gets a child of its own on each side, and both must end with the same status or signal. */
  readonly alone?: boolean
  /** How a case of the pool only that is alone must end. @default 0 */
  readonly status?: number
  /** A documented limit: if the process dies here, the row says so with these words, and that is no failure. */
  readonly limit?: string
  /** Whether this Node has what the case needs. @default it has */
  readonly present?: () => boolean
  /** Node's own options for a case that is alone. */
  readonly node?: readonly string[]
  /** A shell command before Node, such as a limit, for a case that is alone. */
  readonly shell?: string
}

export interface Group {
  readonly title: string
  /** Children that run these cases get these options. */
  readonly node?: readonly string[]
  /** A child that says nothing for so long hangs. @default 60_000 */
  readonly silenceMs?: number
  readonly cases: readonly Case[]
}
