/** Checks of what callers pass. Written to cost next to nothing where the value is good. */

import type { AffinityKey, AllocationStrategy, SlotIndex } from './allocation-strategy.ts'
import { InvalidAffinityKeyError } from './errors/invalid-affinity-key-error.ts'
import { InvalidOptionError } from './errors/invalid-option-error.ts'
import { SlotOutOfRangeError } from './errors/slot-out-of-range-error.ts'

/** The most slots that an allocator can have: 2^20. */
export const MAX_CAPACITY = 1_048_576

export function checkCapacity(capacity: unknown): asserts capacity is number {
  if (!Number.isInteger(capacity) || (capacity as number) < 1 || (capacity as number) > MAX_CAPACITY) {
    throw new InvalidOptionError('capacity', `an integer from 1 to ${MAX_CAPACITY}`, capacity)
  }
}

export function checkStrategy(strategy: unknown): asserts strategy is AllocationStrategy {
  const candidate = strategy as Partial<AllocationStrategy> | undefined | null
  if (
    typeof candidate?.choose !== 'function' ||
    typeof candidate.name !== 'string' ||
    candidate.name.length === 0
  ) {
    const expected = 'an object with a name and a choose function, e.g. reuseAffinity()'
    throw new InvalidOptionError('strategy', expected, strategy)
  }
}

export function checkKey(key: unknown): asserts key is AffinityKey {
  if (!Number.isSafeInteger(key) || (key as number) < 0) throw new InvalidAffinityKeyError(key)
}

export function checkSlot(slot: unknown, capacity: number): asserts slot is SlotIndex {
  if (!isSlot(slot, capacity)) throw new SlotOutOfRangeError(slot, capacity)
}

/** Whether a value, of whatever type, is the number of a slot. */
export function isSlot(value: unknown, capacity: number): value is SlotIndex {
  return typeof value === 'number' && value >>> 0 === value && value < capacity
}
