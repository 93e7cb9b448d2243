/** An interpreter's first call: natively started, pooled, and from a snapshot, by turns, after their results were checked. */
import { setImmediate } from 'node:timers/promises'
import type { Engine } from '@warmslot/engine'
import { faultsOf } from './interpreters/check.ts'
import type { InterpreterModule } from './interpreters/index.ts'
import { timeFirstCall, waysToStart } from './interpreters/ways-to-start.ts'
import type { Summary } from './statistics.ts'
import { summarise } from './statistics.ts'

export interface FirstCalls {
  /** The interpreter, and whether it has a program. */
  readonly name: string
  readonly native: Summary
  readonly pooled: Summary
  readonly snapshot: Summary
}

const rounds = 21
/** Uses from the snapshot in a round, as a server has them: one after the other. */
const perRound = 100

/** What is wrong with an interpreter's results, in words; nothing if all is well. */
export async function checkInterpreter(engine: Engine, interpreter: InterpreterModule): Promise<string[]> {
  const ways = await waysToStart(engine, interpreter)
  try {
    return await faultsOf(interpreter, ways)
  } finally {
    await ways.dispose()
  }
}

/** Times the first call of the interpreter alone, or with its program loaded. @throws TypeError if a result is wrong */
export async function timeFirstCalls(
  engine: Engine,
  interpreter: InterpreterModule,
  withProgram: boolean,
): Promise<FirstCalls> {
  const { demo, scripts, program } = interpreter
  const ways = await waysToStart(engine, interpreter, withProgram ? program.source : undefined)
  const script = withProgram ? program : scripts.first
  const times = { native: [] as number[], pooled: [] as number[], snapshot: [] as number[] }
  try {
    for (let round = 0; round < rounds; round++) {
      times.native.push(await timeFirstCall(ways.native, script))
      times.pooled.push(await timeFirstCall(ways.pooled, script))
      for (let use = 0; use < perRound; use++) times.snapshot.push(await timeFirstCall(ways.snapshot, script))
      // Lets V8 collect what the native instances left, as it would in a server.
      await setImmediate()
    }
  } finally {
    await ways.dispose()
  }
  return {
    name: withProgram ? `${demo.name} with a program` : demo.name,
    native: summarise(times.native),
    pooled: summarise(times.pooled),
    snapshot: summarise(times.snapshot),
  }
}
