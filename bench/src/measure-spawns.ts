/** How long it takes to start a child process: of a process with a full pool, with native instances, with nothing. */
import { execFileSync } from 'node:child_process'

import type { Distribution } from './statistics.ts'

/** How many pages each instance has written when the children are started. */
const pages = 100

export interface SpawnResult {
  readonly name: 'nothing' | 'pool' | 'native'
  readonly title: string
  readonly slots: number
  readonly pages: number
  /** How long one `spawn` holds the event loop. */
  readonly spawn: Distribution
}

/** Each in a process of its own, which has nothing else. */
export function measureSpawns(slots: number, spawns: number): SpawnResult[] {
  const instances = slots.toLocaleString('en')
  const titles: [SpawnResult['name'], string][] = [
    ['nothing', 'no instance'],
    ['pool', `${instances} pooled instances, ${pages} pages written in each`],
    ['native', `${instances} native instances, ${pages} pages written in each`],
  ]
  return titles.map(([name, title]) => {
    const words = ['--expose-gc', `${import.meta.dirname}/spawns/process.ts`, name, slots, pages, spawns]
    const output = execFileSync(process.execPath, words.map(String), { encoding: 'utf8' })
    return { name, title, slots, pages, spawn: JSON.parse(output) as Distribution }
  })
}
