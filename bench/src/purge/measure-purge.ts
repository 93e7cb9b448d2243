/**
 * The purge of a module from ten slots up to ten thousand. What this machine has no room for is left out, and the results
 * say why: V8 reserves 8 or 10 GiB of address space for each slot, of 128 TiB, each takes some of the mappings that
 * `vm.max_map_count` allows, and pages that were written take memory.
 */
import { execFileSync } from 'node:child_process'
import { freemem } from 'node:os'

import { pageBytes } from '../guests/ten-mebibyte-guest.ts'
import { progress } from '../progress.ts'
import { rounded } from '../report/format.ts'
import type { PurgeResult } from './purge-slots.ts'

export interface PurgeOutcome {
  readonly rows: readonly PurgeResult[]
  /** What could not be measured here. */
  readonly leftOut: readonly { readonly slots: number; readonly reason: string }[]
}

/** Pages that each slot's last use has written. */
const pageCounts: readonly number[] = [0, 10, 100]
/** More take a minute to be made, and half as many purges. */
const manySlots = 1000
/** Of the memory that is free, what the slots may hold. */
const memoryShare = 0.5

export function measurePurge(slotCounts: readonly number[], purges: number): PurgeOutcome {
  const rows: PurgeResult[] = []
  const leftOut: PurgeOutcome['leftOut'][number][] = []
  for (const slots of slotCounts) {
    const most = (freemem() * memoryShare) / (slots * pageBytes)
    const fitting = pageCounts.filter((pages) => pages <= most)
    for (const pages of pageCounts.filter((one) => one > most)) {
      const gibibytes = rounded((slots * pages * pageBytes) / 2 ** 30)
      leftOut.push({
        slots,
        reason: `${pages} pages in each of ${slots} slots take ${gibibytes} GiB of memory`,
      })
    }
    const count = slots > manySlots ? Math.ceil(purges / 2) : purges
    const words = ['--expose-gc', `${import.meta.dirname}/process.ts`, slots, count, ...fitting]
    const output = execFileSync(process.execPath, words.map(String), { encoding: 'utf8' })
    const found = JSON.parse(output) as PurgeOutcome
    rows.push(...found.rows)
    leftOut.push(...found.leftOut)
    for (const { title, perSlotUs, longestTurnMs } of found.rows) {
      progress(
        `purge of ${slots} slots, ${title}: ${rounded(perSlotUs)} µs a slot, longest turn ${rounded(longestTurnMs.worst)} ms`,
      )
    }
  }
  for (const { slots, reason } of leftOut) progress(`purge of ${slots} slots is left out: ${reason}`)
  return { rows, leftOut }
}
