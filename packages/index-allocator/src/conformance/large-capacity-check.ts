/**
 * As many slots as a pool can have. The model would take hours for it; so this checks what can be counted in one pass:
 * every slot is handed out exactly once, and a purge finds exactly its slots.
 */

import type { AllocationStrategy } from '../allocation-strategy.ts'
import { IndexAllocator } from '../index-allocator.ts'
import { ensure, ensureEqual } from './assertions.ts'

const KEY_COUNT = 1000

export function servesALargeCapacity(createStrategy: () => AllocationStrategy, capacity: number): void {
  const allocator = new IndexAllocator({ capacity, strategy: createStrategy() })
  const isTaken = new Uint8Array(capacity)
  const keyOf = new Uint16Array(capacity)
  fill(allocator, isTaken, keyOf)
  const expected = new Uint32Array(KEY_COUNT)
  for (let slot = 0; slot < capacity; slot += 2) {
    allocator.free(slot)
    isTaken[slot] = 0
    const key = keyOf[slot] as number
    expected[key] = (expected[key] as number) + 1
  }
  const freed = Math.ceil(capacity / 2)
  ensureEqual(allocator.available, freed, 'available after every second slot was freed')
  let purged = 0
  for (let key = 0; key < KEY_COUNT; key += 3) {
    ensureEqual(allocator.affineCount(key), expected[key], `affineCount(${key})`)
    const slots = allocator.affineSlots(key)
    for (;;) {
      const slot = allocator.allocateAffineAndClearAffinity(key)
      if (slot === undefined) break
      ensure(keyOf[slot] === key && isTaken[slot] === 0, `a purge of key ${key} got slot ${slot}`)
      purged += 1
    }
    for (const slot of slots) allocator.free(slot)
  }
  const { counts } = allocator
  ensureEqual(counts.withoutAffinity, purged, 'counts.withoutAffinity after the purges')
  ensureEqual(counts.affine, freed - purged, 'counts.affine after the purges')
  fill(allocator, isTaken, keyOf)
}

/** Allocates until nothing is free; each slot must come once. */
function fill(allocator: IndexAllocator, isTaken: Uint8Array, keyOf: Uint16Array): void {
  for (let count = allocator.available; count > 0; count -= 1) {
    const key = count % KEY_COUNT
    const slot = allocator.allocate(key)
    ensure(slot !== undefined, `nothing was found although ${count} slots are free`)
    ensureEqual(isTaken[slot], 0, `whether slot ${slot} was handed out while it was taken`)
    isTaken[slot] = 1
    keyOf[slot] = key
  }
  ensureEqual(allocator.allocate(1), undefined, 'allocate(1) of a full allocator')
}
