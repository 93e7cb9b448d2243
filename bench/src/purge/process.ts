/**
 * A process that purges a module from many slots, and prints the `PurgeOutcome` as JSON: a process has room for so many slots
 * only once.
 *
 *     node --expose-gc src/purge/process.ts SLOTS PURGES PAGES...
 */
import { ResourceLimitError } from '@warmslot/engine'

import type { PurgeOutcome } from './measure-purge.ts'
import { purgeSlots } from './purge-slots.ts'

const [slots = 0, purges = 0, ...pageCounts] = process.argv.slice(2).map(Number)

async function outcome(): Promise<PurgeOutcome> {
  try {
    return { rows: await purgeSlots(slots, purges, pageCounts), leftOut: [] }
  } catch (error) {
    if (!(error instanceof ResourceLimitError)) throw error
    return { rows: [], leftOut: [{ slots, reason: error.message }] }
  }
}

console.log(JSON.stringify(await outcome()))
