/** One row of the table: the same use natively and in the pool. */
import type { Engine } from '@warmslot/engine'

/** Instantiates, calls one export, drops or releases the instance; returns what the export returned. */
export type OneUse = () => number

/** The two sides of a comparison. */
export interface BothSides {
  readonly native: OneUse
  readonly pooled: OneUse
}

export interface PreparedCase extends BothSides {
  /** Comes, without being timed, before the first timed use of a round and after each `everyUses` of them. */
  readonly disturbance?: BothSides & { readonly everyUses: number }
  /** How the pool served: read before and after. */
  readonly engine: Engine
}

export interface UseCase {
  /** Short and stable: the key in the JSON. */
  readonly name: string
  /** For people: what is used, and how. */
  readonly title: string
  /** Uses in one round, on each side. */
  readonly uses: number
  prepare(): Promise<PreparedCase>
}

/** An export that takes at most one number and returns one, or nothing. */
export function callExport(exports: WebAssembly.Exports, name: string, argument: number): number {
  const run = exports[name] as (argument: number) => number | undefined
  return run(argument) ?? 0
}
