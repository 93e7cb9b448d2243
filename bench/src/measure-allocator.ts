/**
 * The index allocator: one allocate and one free, at capacities from 100 to a million slots. Half of the slots are taken
 * throughout; the others have all been used, and remember 64 modules. A flat row is what O(1) looks like; what remains
 * of a slope under `random` is the processor's caches, since it touches every slot.
 */
import {
  type AllocationStrategy,
  IndexAllocator,
  nextAvailable,
  random,
  reuseAffinity,
} from '@warmslot/index-allocator'

import { median } from './statistics.ts'

export interface AllocatorResult {
  readonly strategy: string
  readonly capacity: number
  /** One allocate and one free, in nanoseconds: median of the rounds. */
  readonly pairNs: number
}

const modules = 64
const strategies: readonly (() => AllocationStrategy)[] = [
  () => reuseAffinity(),
  () => nextAvailable(),
  () => random({ seed: 1 }),
]

function halfTaken(capacity: number, strategy: AllocationStrategy): IndexAllocator {
  const allocator = new IndexAllocator({ capacity, strategy })
  const slots = Array.from({ length: capacity }, (_, index) => allocator.allocate(index % modules))
  for (const [index, slot] of slots.entries()) {
    if (slot !== undefined && Math.floor(index / modules) % 2 === 0) allocator.free(slot)
  }
  return allocator
}

/** Duration of `pairs` pairs, in milliseconds. */
function timePairs(allocator: IndexAllocator, pairs: number): number {
  const start = performance.now()
  for (let pair = 0; pair < pairs; pair += 1) {
    // Modules come by turns in an order that is not that of the slots: 29 and 64 have no common divisor.
    const slot = allocator.allocate((pair * 29) % modules)
    if (slot === undefined) throw new Error('half of the slots should be free')
    allocator.free(slot)
  }
  return performance.now() - start
}

/** Rounds go over all capacities by turns, so that a disturbance does not hit one alone. */
export function measureAllocator(
  capacities: readonly number[],
  pairs: number,
  rounds: number,
): AllocatorResult[] {
  const candidates = strategies.flatMap((makeStrategy) =>
    capacities.map((capacity) => {
      const allocator = halfTaken(capacity, makeStrategy())
      timePairs(allocator, pairs)
      return { allocator, capacity, durations: [] as number[] }
    }),
  )
  for (let round = 0; round < rounds; round += 1) {
    for (const { allocator, durations } of candidates) durations.push(timePairs(allocator, pairs))
  }
  return candidates.map(({ allocator, capacity, durations }) => ({
    strategy: allocator.strategyName,
    capacity,
    pairNs: (median(durations) / pairs) * 1e6,
  }))
}
