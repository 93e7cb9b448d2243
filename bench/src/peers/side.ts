/** Who is compared with whom: each side does the same uses, when it is its turn. */
import type { GuestWork } from '../guests/guest-works.ts'

export const sideNames = [
  'pooled',
  'pooledKeeping',
  'native',
  'workerPerUse',
  'wasmtime',
  'wasmtimeBest',
  'floor',
] as const
export type SideName = (typeof sideNames)[number]

export const sideTitles: Readonly<Record<SideName, string>> = {
  pooled: 'pooled',
  pooledKeeping: 'pooled, keeping 16 MiB',
  native: 'native',
  workerPerUse: 'a worker per use',
  wasmtime: 'Wasmtime',
  wasmtimeBest: 'Wasmtime at its best',
  floor: 'floor, in C',
}

export interface Side {
  /** Of the uses that a round has for the fastest sides, the share that this one makes: a slow one takes too long else. */
  readonly share: number
  /** So many uses, after the untimed ones that a round begins with; their durations in milliseconds, of all threads. */
  round(uses: number): Float64Array | Promise<Float64Array>
}

/** A side in the thread that asks. */
export interface ThisThreadsSide extends Side {
  /** @param begin called between the untimed uses and the others */
  round(uses: number, begin?: () => void): Float64Array
}

/** The sides that can do a piece of work here; what is not there is left out. */
export type Sides = Partial<Record<SideName, Side>>

/** How many uses begin a round without being timed. */
export function untimedUses(uses: number): number {
  return Math.min(200, uses)
}

/** A use with these pages that is not timed, before a timed one. */
export function disturbanceBefore(work: GuestWork, use: number): number | undefined {
  const { disturbance } = work
  return disturbance !== undefined && use % disturbance.everyUses === 0 ? disturbance.argument : undefined
}
