/**
 * Modules in turn, under each strategy: how often a use finds its module's image still mapped, and what a use takes then.
 * Wasmtime does the same where it has as many slots; it does not say how often it hits.
 */
import { type AllocationStrategy, nextAvailable, random, reuseAffinity } from '@warmslot/index-allocator'
import { writeFileSync } from 'node:fs'

import { guestWorks } from '../guests/guest-works.ts'
import { measureByTurns } from '../peers/by-turns.ts'
import { wasmtimePeer } from '../peers/peer.ts'
import type { PeerPrograms } from '../peers/programs.ts'
import type { Side } from '../peers/side.ts'
import { progress } from '../progress.ts'
import { percent, rounded } from '../report/format.ts'
import type { Distribution } from '../statistics.ts'
import { type Hits, StrategySide } from './strategy-side.ts'

export interface TurnScenario {
  readonly modules: number
  readonly slots: number
}

export interface TurnResult extends TurnScenario {
  /** The strategy's name, or who else it is. */
  readonly side: TurnSide
  readonly use: Distribution
  /** Undefined for who does not say it. */
  readonly hits: Hits | undefined
}

type StrategyName = 'reuseAffinity' | 'nextAvailable' | 'random'
const strategies: Readonly<Record<StrategyName, () => AllocationStrategy>> = {
  reuseAffinity: () => reuseAffinity(),
  nextAvailable: () => nextAvailable(),
  random: () => random({ seed: 1 }),
}
export type TurnSide = StrategyName | 'wasmtimeBest'

/** What `peers/wasmtime` has. */
const wasmtimeSlots = 100
/** A memory of 17 pages with 8 KiB of data that grows by one. */
const work = guestWorks[0]!

export async function measureTurns(
  scenarios: readonly TurnScenario[],
  programs: PeerPrograms,
  rounds: number,
  uses: number,
): Promise<TurnResult[]> {
  const results: TurnResult[] = []
  for (const scenario of scenarios) {
    const measured = await measureScenario(scenario, programs, rounds, Math.max(uses, scenario.modules))
    results.push(...measured)
    const said = measured.map(({ side, use, hits }) => {
      return `${side} ${rounded(use.p50)} µs${hits === undefined ? '' : `, hits ${percent(hits.hitRate)}`}`
    })
    progress(`${scenario.modules} modules in turn on ${scenario.slots} slots: ${said.join('; ')}`)
  }
  return results
}

async function measureScenario(
  { modules, slots }: TurnScenario,
  programs: PeerPrograms,
  rounds: number,
  uses: number,
): Promise<TurnResult[]> {
  await using stack = new AsyncDisposableStack()
  const pooled = new Map<TurnSide, StrategySide>()
  for (const name of Object.keys(strategies) as StrategyName[]) {
    const side = await StrategySide.make(work.guest, modules, slots, strategies[name]())
    pooled.set(name, stack.use(side))
  }
  const sides: Partial<Record<TurnSide, Side>> = Object.fromEntries(pooled)
  if (programs.wasmtime !== undefined && slots === wasmtimeSlots) {
    const file = `${programs.folder}/turns.wasm`
    writeFileSync(file, work.guest)
    const options = { kind: 'best', threads: 1, modules } as const
    const { peer, side } = wasmtimePeer(work, programs.wasmtime, file, options)
    stack.use(peer)
    sides.wasmtimeBest = side
  }
  const found = await measureByTurns(sides, rounds, uses)
  return (Object.keys(sides) as TurnSide[]).map((side) => ({
    modules,
    slots,
    side,
    use: found[side]!,
    hits: pooled.get(side)?.hits(),
  }))
}
