/** Memory of a thousand slots: in use, released, trimmed, purged; and of as many native instances. A process of its own each. */
import { execFileSync } from 'node:child_process'

import { progress } from '../progress.ts'
import type { MemorySide, MemoryState, MemoryStates } from './states.ts'

/** How many pages each instance writes: all stay resident at its release, by the engine's defaults. */
const pages = 100

export interface MemoryResults {
  readonly slots: number
  readonly pages: number
  readonly pool: MemoryStates
  readonly native: MemoryStates
}

export const stateTitles: Readonly<Record<MemoryState, string>> = {
  before: 'before the first instance',
  inUse: 'all in use',
  released: 'all released',
  trimmed: 'after the idle trim',
  purged: 'after the purge',
}

function statesOf(side: MemorySide, slots: number): MemoryStates {
  const words = ['--expose-gc', `${import.meta.dirname}/process.ts`, side, `${slots}`, `${pages}`]
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as MemoryStates
}

export function measureMemory(slots: number): MemoryResults {
  const results = { slots, pages, pool: statesOf('pool', slots), native: statesOf('native', slots) }
  if (results.pool.trimmed === undefined) progress('the idle trim is left out: this engine has no trim()')
  return results
}
