/** What an interpreter from a snapshot has to show: native results, every time, and nothing of one use in another. */
import type { Interpreter, InterpreterModule } from './interpreter.ts'
import type { WaysToStart } from './ways-to-start.ts'

const uses = 3

async function runIn<T>(start: () => Promise<Interpreter>, work: (one: Interpreter) => T): Promise<T> {
  const interpreter = await start()
  try {
    return work(interpreter)
  } finally {
    interpreter.end()
  }
}

/** @returns what is wrong, in words; nothing if all is well */
export async function faultsOf({ scripts }: InterpreterModule, ways: WaysToStart): Promise<string[]> {
  const faults: string[] = []
  const expect = (what: string, found: unknown, expected: unknown): void => {
    if (found !== expected) faults.push(`${what}: ${String(found)} instead of ${String(expected)}`)
  }
  const all = (one: Interpreter): string =>
    `${one.evaluate(scripts.first.call)} ${one.evaluate(scripts.work)}`
  const native = await runIn(ways.native, all)
  expect('pooled', await runIn(ways.pooled, all), native)
  for (let use = 1; use <= uses; use++) expect(`use ${use}`, await runIn(ways.snapshot, all), native)

  // In a row, and two at a time, whose calls alternate; each counts for itself.
  for (let use = 1; use <= uses; use++) {
    const one = await ways.snapshot()
    const other = await ways.snapshot()
    try {
      const counts = [one, other, one, one, other].map((each) => each.evaluate(scripts.count))
      expect('counts of two uses', counts.join(), '1,1,2,3,2')
      if (scripts.callHost !== undefined) {
        // The one use calls the host, and the host the other use; the one goes on where it was.
        Object.assign(globalThis, { fromGuest: () => other.evaluate(scripts.count) })
        expect('count after a call of the other use', one.evaluate(scripts.callHost), '4')
        expect('count of the other use', other.evaluate(scripts.count), '4')
      }
      expect('work beside another use', one.evaluate(scripts.work), other.evaluate(scripts.work))
    } finally {
      one.end()
      other.end()
    }
  }

  const random = new Set<string>()
  for (let use = 0; use < uses; use++)
    random.add(await runIn(ways.snapshot, (one) => one.evaluate(scripts.random)))
  expect('different random numbers in three uses', random.size, uses)

  // A use that has ended is over, also for who still has it.
  const ended = await ways.snapshot()
  ended.end()
  expect(
    'an ended use',
    outcome(() => ended.evaluate(scripts.first.call)),
    'TypeError: this use has ended',
  )
  // A script's error is worded as natively, and the use goes on; a long script is a script as well.
  const difficult = (one: Interpreter): string =>
    [...scripts.difficult, ' '.repeat(20_000) + scripts.first.call, scripts.first.call]
      .map((script) => outcome(() => one.evaluate(script)))
      .join('\n')
  expect('difficult scripts', await runIn(ways.snapshot, difficult), await runIn(ways.native, difficult))
  return faults
}

function outcome(work: () => unknown): string {
  try {
    return String(work())
  } catch (error) {
    return String(error)
  }
}
