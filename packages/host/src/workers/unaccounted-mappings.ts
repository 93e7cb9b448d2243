/**
 * Mappings of images that lie in no slot of any live worker: what a thread that is gone would have left behind. The kernel says which
 * mappings there are, the workers say where their slots lie.
 */
import { processImageMappings } from '@warmslot/engine'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerPool } from './worker-pool.ts'

interface AddressRange {
  readonly base: number | undefined
  readonly byteLength: number | undefined
}

/** V8 unmaps a thread's memories while it takes it apart, which may end after the thread has. */
const tries = 20
const pauseMs = 50

/** @returns how many there are, after they have had a second to go */
export async function countUnaccountedMappings(workers: WorkerPool): Promise<number> {
  let left = 0
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const mappings = await processImageMappings()
    const answers = await workers.ask<AddressRange[]>({ type: 'slots', residentBytes: false })
    const ranges = answers.flatMap(({ value }) => value)
    left = mappings.filter(({ address }) => !ranges.some((range) => holds(range, address))).length
    if (left === 0) return 0
    await sleep(pauseMs, undefined, { ref: false })
  }
  return left
}

function holds({ base, byteLength }: AddressRange, address: number): boolean {
  return base !== undefined && byteLength !== undefined && address >= base && address < base + byteLength
}
