/** How soon an interpreter answers its first call: started natively, on a slot, and from a snapshot, by turns. */
import { interpreters } from '@warmslot/demo/interpreters'
import { timeFirstCall, waysToStart, type WaysToStart } from '@warmslot/demo/interpreters/ways-to-start'
import { Engine } from '@warmslot/engine'

import { collectGarbage } from '../collect-garbage.ts'
import { type Distribution, distributionOf } from '../statistics.ts'

type Way = Exclude<keyof WaysToStart, 'dispose'>

export interface FirstCallResult {
  readonly name: string
  readonly title: string
  readonly ways: Readonly<Record<Way, Distribution>>
  /** Natively started over started from the snapshot. */
  readonly ratio: { readonly p50: number; readonly mean: number }
}

const orders: readonly Way[] = ['native', 'pooled', 'snapshot']
/** A start from a snapshot is so much shorter that one says little. */
const usesOf: Record<Way, number> = { native: 1, pooled: 1, snapshot: 20 }

/** @param names which interpreters; @param starts of each natively, in all */
export async function measureFirstCalls(
  names: readonly string[],
  starts: number,
): Promise<FirstCallResult[]> {
  const results: FirstCallResult[] = []
  for (const interpreter of interpreters) {
    const { name } = interpreter.demo
    if (!names.includes(name)) continue
    for (const program of [undefined, interpreter.program]) {
      await using engine = new Engine({ slots: 4 })
      const ways = await waysToStart(engine, interpreter, program?.source)
      const title = program === undefined ? `${name}, an expression` : `${name}, a loaded program`
      results.push(
        await timeWays(
          `${name}${program ? '-program' : ''}`,
          title,
          ways,
          program ?? interpreter.scripts.first,
          starts,
        ),
      )
      await ways.dispose()
    }
  }
  return results
}

async function timeWays(
  name: string,
  title: string,
  ways: WaysToStart,
  call: Parameters<typeof timeFirstCall>[1],
  starts: number,
): Promise<FirstCallResult> {
  const durations: Record<Way, number[]> = { native: [], pooled: [], snapshot: [] }
  // As in a server: V8 has compiled the code that starts a use from a snapshot once more.
  for (let use = 0; use < 50 * starts; use += 1) await timeFirstCall(ways.snapshot, call)
  for (let turn = 0; turn <= starts; turn += 1) {
    for (const way of turn % 2 === 0 ? orders : orders.toReversed()) {
      if (turn % 10 === 0) collectGarbage()
      for (let use = 0; use < usesOf[way]; use += 1) {
        const duration = await timeFirstCall(ways[way], call)
        // The first turn makes address space and fills caches.
        if (turn > 0) durations[way].push(duration)
      }
    }
  }
  const found = {
    native: distributionOf(Float64Array.from(durations.native)),
    pooled: distributionOf(Float64Array.from(durations.pooled)),
    snapshot: distributionOf(Float64Array.from(durations.snapshot)),
  }
  const { native, snapshot } = found
  return {
    name,
    title,
    ways: found,
    ratio: { p50: native.p50 / snapshot.p50, mean: native.mean / snapshot.mean },
  }
}
