/**
 * `@warmslot/index-allocator`: which slot? O(1) slot numbers with module affinity; strategies are plug-ins.
 *
 *     const allocator = new IndexAllocator({ capacity: 1000, strategy: reuseAffinity() })
 *     const slot = allocator.allocate(7)      // undefined when full
 *     if (slot !== undefined) allocator.free(slot)
 *
 * Own strategies are tested with `@warmslot/index-allocator/conformance`.
 */

export { IndexAllocator } from './index-allocator.ts'
export type { IndexAllocatorOptions } from './index-allocator.ts'
export type { AllocationTotals, SlotCounts } from './slot-statistics.ts'
export type { AffinityKey, AllocationStrategy, FreeSlots, SlotIndex } from './allocation-strategy.ts'
export { MAX_CAPACITY } from './checks.ts'

export { nextAvailable } from './strategies/next-available.ts'
export { random } from './strategies/random.ts'
export type { RandomOptions, RandomStrategy } from './strategies/random.ts'
export { reuseAffinity } from './strategies/reuse-affinity.ts'
export type { ReuseAffinityOptions } from './strategies/reuse-affinity.ts'

export { InvalidAffinityKeyError } from './errors/invalid-affinity-key-error.ts'
export { InvalidOptionError } from './errors/invalid-option-error.ts'
export { SlotNotTakenError } from './errors/slot-not-taken-error.ts'
export { SlotOutOfRangeError } from './errors/slot-out-of-range-error.ts'
export { StrategyChoiceError } from './errors/strategy-choice-error.ts'
