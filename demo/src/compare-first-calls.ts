/** An interpreter's first call: natively started, pooled, and from a snapshot, by turns, after their results were checked. */
import { setImmediate } from 'node:timers/promises'
import type { Engine } from '@warmslot/engine'
import { faultsOf } from './interpreters/check.ts'
import type { InterpreterModule } from './interpreters/index.ts'
import { timeFirstCall, waysToStart } from './interpreters/ways-to-start.ts'
import type { Summary } from './statistics.ts'
import { summarise } from './statistics.ts'

export interface FirstCalls {
  readonly interpreter: InterpreterModule
  /** What is wrong with the results. */
  readonly faults: readonly string[]
  readonly native: Summary
  readonly pooled: Summary
  readonly snapshot: Summary
}

const rounds = 21
/** Uses from the snapshot in a round, as a server has them: one after the other. */
const perRound = 100

export async function compareFirstCalls(engine: Engine, interpreter: InterpreterModule): Promise<FirstCalls> {
  const ways = await waysToStart(engine, interpreter)
  try {
    const faults = await faultsOf(interpreter, ways)
    const times = { native: [] as number[], pooled: [] as number[], snapshot: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      times.native.push(await timeFirstCall(interpreter, ways.native))
      times.pooled.push(await timeFirstCall(interpreter, ways.pooled))
      for (let use = 0; use < perRound; use++)
        times.snapshot.push(await timeFirstCall(interpreter, ways.snapshot))
      // Lets V8 collect what the native instances left, as it would in a server.
      await setImmediate()
    }
    const { native, pooled, snapshot } = times
    return {
      interpreter,
      faults,
      native: summarise(native),
      pooled: summarise(pooled),
      snapshot: summarise(snapshot),
    }
  } finally {
    await ways.dispose()
  }
}
