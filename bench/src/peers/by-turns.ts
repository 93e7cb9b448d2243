/**
 * Rounds of all sides by turns, each second time in the opposite order:
 *
 *     pooled | native | Wasmtime | floor | floor | Wasmtime | native | pooled | pooled | ...
 *
 * One works at a time.
 */
import { distributionOf, type Distribution } from '../statistics.ts'
import type { Side } from './side.ts'

/** Of the sides that were there. */
export type SideResults<Name extends string> = Partial<Record<Name, Distribution>>

/** @param uses of a side with a share of 1, in one round */
export async function measureByTurns<Name extends string>(
  sides: Partial<Record<Name, Side>>,
  rounds: number,
  uses: number,
): Promise<SideResults<Name>> {
  const names = Object.keys(sides) as Name[]
  const durations = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      const side = sides[name]!
      const count = Math.max(1, Math.round(uses * side.share))
      durations.get(name)!.push(...(await side.round(count)))
    }
  }
  const found = names.map((name) => [name, distributionOf(Float64Array.from(durations.get(name)!))])
  return Object.fromEntries(found) as SideResults<Name>
}
