/**
 * The purge of a module from many slots, each of which maps its image: what it costs for a slot, and how long it holds
 * the event loop. The longest slice is the pool's own word; the longest turn is what a ticker beside it sees.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { Engine, type PooledInstance, type PurgeReceipt } from '@warmslot/engine'

import { collectGarbage } from './collect-garbage.ts'
import { tenMebibyteGuest } from './guests/ten-mebibyte-guest.ts'
import { median } from './statistics.ts'
import { callExport } from './uses/use-case.ts'

export interface PurgeResult {
  readonly name: string
  readonly title: string
  readonly slots: number
  readonly purges: number
  /** From the call to the receipt, over the slots, in microseconds: median of the purges. */
  readonly perSlotUs: number
  /** Longest that a purge held the event loop at once, in milliseconds, from the receipts. */
  readonly longestSliceMs: MedianAndWorst
  /** Longest turn of the event loop during a purge, in milliseconds, seen from beside. */
  readonly longestTurnMs: MedianAndWorst
  /** Private memory that the slots held before, in bytes a slot. */
  readonly residentBytesPerSlot: number
}

/** Of all purges. */
export interface MedianAndWorst {
  readonly median: number
  readonly worst: number
}

interface OnePurge {
  readonly receipt: PurgeReceipt
  readonly longestTurnMs: number
  readonly residentBytes: number
}

function medianAndWorst(values: readonly number[]): MedianAndWorst {
  return { median: median(values), worst: Math.max(...values) }
}

/** Longest time between two turns of the event loop until the promise is settled, in milliseconds. */
async function longestTurnDuring(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let last = performance.now()
  let pending: NodeJS.Immediate | undefined
  const tick = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    pending = setImmediate(tick)
  }
  pending = setImmediate(tick)
  await work()
  clearImmediate(pending)
  return Math.max(longest, performance.now() - last)
}

async function purgeOnce(engine: Engine, slots: number, dirtyPages: number): Promise<OnePurge> {
  const module = await engine.compile(tenMebibyteGuest(), { label: 'purged' })
  const instances: PooledInstance[] = []
  for (let slot = 0; slot < slots; slot += 1) instances.push(engine.instantiate(module))
  if (dirtyPages > 0) for (const { exports } of instances) callExport(exports, 'run', dirtyPages)
  for (const instance of instances) instance.release()
  const { residentBytes = Number.NaN } = engine.metrics({ residentBytes: true }).pool
  // What the instances left is no part of the purge, nor what the collector does with it in other threads.
  collectGarbage()
  await pause(20)
  let receipt: PurgeReceipt | undefined
  const longestTurnMs = await longestTurnDuring(async () => {
    receipt = await module.dispose()
  })
  if (receipt?.complete !== true || receipt.slotsCleared !== slots) {
    throw new Error(`the purge cleared ${receipt?.slotsCleared} of ${slots} slots`)
  }
  return { receipt, longestTurnMs, residentBytes }
}

/** Purges `slots` slots, `purges` times for each number of pages that the uses had written before. */
export async function measurePurge(
  slots: number,
  purges: number,
  written: readonly number[],
): Promise<PurgeResult[]> {
  const engine = new Engine({ slots, maxMemoryBytes: 16 * 2 ** 20 })
  const results: PurgeResult[] = []
  try {
    // The slots' address space is made at their first use; that is no part of a purge.
    await purgeOnce(engine, slots, 0)
    for (const pages of written) {
      const all: OnePurge[] = []
      for (let count = 0; count < purges; count += 1) all.push(await purgeOnce(engine, slots, pages))
      results.push({
        name: `slots-${slots}-dirty-${pages}`,
        title: pages === 0 ? 'nothing written' : `${pages} pages written in the last use`,
        slots,
        purges,
        perSlotUs: median(all.map(({ receipt }) => (receipt.durationMs / slots) * 1000)),
        longestSliceMs: medianAndWorst(all.map(({ receipt }) => receipt.longestSliceMs)),
        longestTurnMs: medianAndWorst(all.map((one) => one.longestTurnMs)),
        residentBytesPerSlot: median(all.map((one) => one.residentBytes / slots)),
      })
    }
  } finally {
    await engine.close()
  }
  return results
}

/** Pools of several sizes after uses of 10 pages; the largest but one after other numbers of pages as well. */
export async function measurePurges(sizes: readonly number[], purges: number): Promise<PurgeResult[]> {
  const results: PurgeResult[] = []
  for (const [place, slots] of sizes.entries())
    results.push(...(await measurePurge(slots, purges, place === sizes.length - 2 ? [0, 10, 100] : [10])))
  return results
}
