/**
 * Rounds of all sides by turns, each second time in the opposite order:
 *
 *     pooled | native | Wasmtime | floor | floor | Wasmtime | native | pooled | pooled | ...
 *
 * One works at a time.
 */
import { distributionOf, type Distribution } from '../statistics.ts'
import type { SideName, Sides } from './side.ts'

export type SideResults = Partial<Record<SideName, Distribution>>

/** @param uses of a side with a share of 1, in one round */
export async function measureByTurns(sides: Sides, rounds: number, uses: number): Promise<SideResults> {
  const names = Object.keys(sides) as SideName[]
  const durations: Partial<Record<SideName, number[]>> = {}
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      const side = sides[name]!
      const count = Math.max(1, Math.round(uses * side.share))
      ;(durations[name] ??= []).push(...(await side.round(count)))
    }
  }
  const found = Object.entries(durations).map(([name, list]) => [
    name,
    distributionOf(Float64Array.from(list)),
  ])
  return Object.fromEntries(found) as SideResults
}
