/**
 * The child process of the crash matrix: runs the cases of one group in turn, and tells the runner through descriptor 3
 * what it is at, before it does it, so that a death can be put down to a case.
 *
 *   node child.ts <group> <number of the first case> [<number of a case alone> V8|pool]
 */
import { deepStrictEqual } from 'node:assert/strict'
import { writeSync } from 'node:fs'

import type { Case, World } from './case.ts'
import { groups } from './groups.ts'
import { aftercare, native, pool } from './world.ts'

export type Line =
  | { readonly begin: number; readonly side: World['side'] }
  | { readonly end: number; readonly failure?: string; readonly checks?: number; readonly absent?: true }

function tell(line: Line): void {
  writeSync(3, `${JSON.stringify(line)}\n`)
}

interface Outcome {
  readonly value?: unknown
  readonly error?: string
}

async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { value: await run() }
  } catch (error) {
    if (!(error instanceof Error)) return { error: `thrown ${String(error)}` }
    return { error: `${error.constructor.name}: ${error.message}` }
  }
}

/** What is wrong with the case, if anything. */
async function failureOf(one: Case, number: number): Promise<{ failure?: string; checks?: number }> {
  let expected: Outcome = {}
  if (one.only === undefined) {
    tell({ begin: number, side: 'V8' })
    expected = await outcomeOf(() => one.run(native))
  }
  tell({ begin: number, side: 'pool' })
  const actual = await outcomeOf(() => one.run(pool))
  // What the case left behind is to strike now.
  await new Promise(setImmediate)
  const after = await outcomeOf(aftercare)
  try {
    if (one.only === 'pool') deepStrictEqual(actual.error, undefined)
    else deepStrictEqual(actual, expected)
  } catch (error) {
    return { failure: (error as Error).message }
  }
  if (after.error !== undefined) return { failure: after.error }
  return { checks: Array.isArray(actual.value) ? actual.value.length : 1 }
}

const [groupName = '', first = '0', alone, side] = process.argv.slice(2)
const { cases } = groups[groupName]!
if (alone !== undefined) {
  const number = Number(alone)
  const { present } = cases[number]!
  if (present?.() === false) {
    tell({ end: number, absent: true })
    process.exit(0)
  }
  tell({ begin: number, side: side as World['side'] })
  await cases[number]!.run(side === 'V8' ? native : pool)
} else {
  for (let number = Number(first); number < cases.length; number++) {
    const one = cases[number]!
    if (one.alone) continue
    if (one.present?.() === false) tell({ end: number, absent: true })
    else tell({ end: number, ...(await failureOf(one, number)) })
  }
  process.exit(0)
}
