/**
 * Several modules on the slots of one pool, under each strategy: how often a use finds its module's image in the slot, and what
 * a use costs. "In turn" is the worst order for whoever remembers; in the skewed one four of five uses are of a fifth of the
 * modules, as requests are.
 */
import { Engine, nextAvailable, type PooledModule, random, reuseAffinity } from '@warmslot/engine'

import { growingGuest } from './guests/growing-guest.ts'
import { type Distribution, distributionOf } from './statistics.ts'
import { callExport } from './uses/use-case.ts'

export interface TurnResult {
  readonly strategy: string
  readonly order: 'in turn' | 'skewed'
  readonly modules: number
  readonly slots: number
  /** Share of the uses that found their module's image in the slot. */
  readonly hitRate: number
  readonly use: Distribution
}

const strategies = {
  reuseAffinity: () => reuseAffinity(),
  nextAvailable: () => nextAvailable(),
  random: () => random({ seed: 1 }),
}
const slots = 100

/** @param counts how many modules; @param uses timed, of each combination */
export async function measureTurns(counts: readonly number[], uses: number): Promise<TurnResult[]> {
  const results: TurnResult[] = []
  await warmUp(Math.min(500, uses))
  for (const [strategy, make] of Object.entries(strategies)) {
    for (const modules of counts) {
      for (const order of modules === 1 ? (['in turn'] as const) : (['in turn', 'skewed'] as const)) {
        await using engine = new Engine({ slots, maxMemoryBytes: 4 * 2 ** 20, strategy: make() })
        const compiled: PooledModule[] = []
        for (let count = 0; count < modules; count += 1) compiled.push(await engine.compile(growingGuest()))
        const pick = order === 'in turn' ? inTurn(modules) : skewed(modules)
        const use = (): void => {
          const instance = engine.instantiate(compiled[pick()]!)
          callExport(instance.exports, 'run', 1)
          instance.release()
        }
        for (let untimed = 0; untimed < Math.min(uses, 2 * modules + 10 * slots); untimed += 1) use()
        const before = engine.metrics().pool
        const durations = new Float64Array(uses)
        for (let count = 0; count < uses; count += 1) {
          const start = performance.now()
          use()
          durations[count] = performance.now() - start
        }
        const after = engine.metrics().pool
        const hitRate = (after.hits - before.hits) / uses
        results.push({ strategy, order, modules, slots, hitRate, use: distributionOf(durations) })
      }
    }
  }
  return results
}

/** So that the first row does not pay for what V8 compiles once more after a while. */
async function warmUp(durationMs: number): Promise<void> {
  await using engine = new Engine({ slots, maxMemoryBytes: 4 * 2 ** 20 })
  const module = await engine.compile(growingGuest())
  for (const until = performance.now() + durationMs; performance.now() < until;) {
    const instance = engine.instantiate(module)
    callExport(instance.exports, 'run', 1)
    instance.release()
  }
}

function inTurn(modules: number): () => number {
  let next = 0
  return () => (next = (next + 1) % modules)
}

/** The same sequence in every run. */
function skewed(modules: number): () => number {
  let state = 12_345
  const draw = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const few = Math.max(1, Math.round(modules / 5))
  return () =>
    (draw() < 0.8 ? Math.floor(draw() * few) : few + Math.floor(draw() * (modules - few))) % modules
}
