/**
 * Times the uses of one case, natively and in the pool by turns:
 *
 *     gc | native native native ... | gc | pooled pooled pooled ... | gc | pooled ... | gc | native ... | ...
 *
 * Within a round the collector runs when V8 likes, and its pauses count for the use that they fall into. Between rounds
 * all garbage is collected, outside the timing, so that no side pays for what the other left; that is in favour of the
 * native side, which leaves more. A forced collection also leaves cold caches, and code to be made again: the
 * first few uses of a round are not timed. Each of the others is timed by itself.
 *
 * Native instances are bounded: V8 reserves 8 or 10 GiB of address space for each that has a memory, and a process has
 * 128 TiB. No round holds more than `mostUses`, even if V8 collected none.
 */
import { collectGarbage } from '../collect-garbage.ts'
import { type Distribution, distributionOf, type Ratio, ratioOf } from '../statistics.ts'
import { CollectionLog, type Pauses, type Stretch } from './collections.ts'
import type { BothSides, OneUse, PreparedCase, UseCase } from './use-case.ts'

export interface SideResult extends Distribution {
  /** Pauses of the garbage collector within the uses. */
  readonly pauses: Pauses
}

export interface UseResult {
  readonly name: string
  readonly title: string
  readonly native: SideResult
  readonly pooled: SideResult
  /** Native over pooled: how many times faster the pool is. */
  readonly ratio: Ratio
  /** How the pool served: by a live instance of an earlier use, or by a new one on a slot. Warm-up included. */
  readonly pooledInstances: { readonly warm: number; readonly fresh: number }
}

const mostUses = 2_000
const warmUpUses = 40
const untimedUses = 10

class Side {
  readonly #use: OneUse
  readonly #disturb: OneUse | undefined
  readonly #everyUses: number
  readonly #durations: Float64Array
  readonly stretches: Stretch[] = []
  #count = 0

  constructor(prepared: PreparedCase, side: keyof BothSides, uses: number) {
    this.#use = prepared[side]
    this.#disturb = prepared.disturbance?.[side]
    this.#everyUses = prepared.disturbance?.everyUses ?? 1
    this.#durations = new Float64Array(uses)
  }

  round(uses: number): void {
    collectGarbage()
    for (let use = 0; use < Math.min(untimedUses, uses); use += 1) this.#use()
    const start = performance.now()
    for (let use = 0; use < uses; use += 1) {
      if (use % this.#everyUses === 0) this.#disturb?.()
      const before = performance.now()
      this.#use()
      this.#durations[this.#count++] = performance.now() - before
    }
    this.stretches.push({ start, end: performance.now() })
  }

  result(log: CollectionLog): SideResult {
    return { ...distributionOf(this.#durations), pauses: log.pausesWithin(this.stretches) }
  }
}

/** Both sides do the same, or the comparison is void. */
function warmUp({ native, pooled }: PreparedCase, uses: number): void {
  for (let use = 0; use < uses; use += 1) {
    const expected = native()
    const actual = pooled()
    if (expected !== actual) throw new Error(`the native use returned ${expected}, the pooled one ${actual}`)
  }
}

/** @param rounds on each side; `useCase.uses` uses in each */
export async function measureUses(useCase: UseCase, rounds: number): Promise<UseResult> {
  const { name, title, uses } = useCase
  if (uses > mostUses) throw new RangeError(`at most ${mostUses} uses a round, and ${uses} are asked for`)
  const prepared = await useCase.prepare()
  const log = new CollectionLog()
  try {
    warmUp(prepared, Math.min(warmUpUses, uses))
    const native = new Side(prepared, 'native', rounds * uses)
    const pooled = new Side(prepared, 'pooled', rounds * uses)
    for (let round = 0; round < rounds; round += 1) {
      for (const side of round % 2 === 0 ? [native, pooled] : [pooled, native]) side.round(uses)
      await log.settle()
    }
    const results = { native: native.result(log), pooled: pooled.result(log) }
    const { warm, fresh } = prepared.engine.metrics().instances
    return {
      name,
      title,
      ...results,
      ratio: ratioOf(results.native, results.pooled),
      pooledInstances: { warm, fresh },
    }
  } finally {
    log[Symbol.dispose]()
    await prepared.engine.close()
  }
}
