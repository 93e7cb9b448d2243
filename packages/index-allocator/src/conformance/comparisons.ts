/** Compares everything that an allocator says, and everything that it shows to its strategy, with the model. */

import type { AffinityKey, FreeSlots } from '../allocation-strategy.ts'
import type { IndexAllocator } from '../index-allocator.ts'
import { ensure, ensureEqual } from './assertions.ts'
import type { ReferenceModel } from './reference-model.ts'

/** @param keys keys to ask about; some of them should be unknown to the allocator. */
export function compareAllocator(
  allocator: IndexAllocator,
  model: ReferenceModel,
  keys: readonly AffinityKey[],
): void {
  compareCounts(allocator, model)
  for (let slot = 0; slot < model.capacity; slot += 1) {
    ensureEqual(allocator.isTaken(slot), model.taken.has(slot), `isTaken(${slot})`)
    ensureEqual(allocator.affinityOf(slot), model.affinity.get(slot), `affinityOf(${slot})`)
  }
  for (const key of keys) {
    const affine = model.freeAffineTo(key)
    ensureEqual(allocator.affineSlots(key), affine, `affineSlots(${key})`)
    ensureEqual(allocator.affineCount(key), affine.length, `affineCount(${key})`)
    ensureEqual(allocator.takenAffineCount(key), model.takenAffineTo(key).length, `takenAffineCount(${key})`)
  }
  const remembered = new Set(model.affinity.values())
  ensureEqual(allocator.affinityKeyCount, remembered.size, 'affinityKeyCount')
  ensureEqual(ascending(allocator.affinityKeys()), ascending(remembered), 'affinityKeys()')
}

export function compareCounts(allocator: IndexAllocator, model: ReferenceModel): void {
  const { counts } = allocator
  ensureEqual(allocator.capacity, model.capacity, 'capacity')
  ensureEqual(allocator.taken, model.taken.size, 'taken')
  ensureEqual(allocator.available, model.freeCount, 'available')
  ensureEqual(counts.taken, model.taken.size, 'counts.taken')
  ensureEqual(counts.untouched, model.untouched.size, 'counts.untouched')
  ensureEqual(counts.affine, model.freeAffine().length, 'counts.affine')
  ensureEqual(counts.withoutAffinity, model.freeWithoutAffinity().length, 'counts.withoutAffinity')
}

export function compareFreeSlots(
  slots: FreeSlots,
  model: ReferenceModel,
  keys: readonly AffinityKey[],
): void {
  ensureEqual(slots.count, model.freeCount, 'slots.count')
  ensureEqual(slots.affineCount, model.freeAffine().length, 'slots.affineCount')
  ensureEqual(slots.mostRecentlyFreed, model.freed.at(-1), 'slots.mostRecentlyFreed')
  ensureEqual(slots.leastRecentlyFreed, model.freed[0], 'slots.leastRecentlyFreed')
  ensureEqual(slots.leastRecentlyUsedAffine, model.freeAffine()[0], 'slots.leastRecentlyUsedAffine')
  ensureEqual(
    slots.mostRecentlyFreedWithoutAffinity,
    model.freeWithoutAffinity().at(-1),
    'slots.mostRecentlyFreedWithoutAffinity',
  )
  ensureEqual(slots.nextUntouched, model.lowestUntouched(), 'slots.nextUntouched')
  for (const key of keys) {
    ensureEqual(
      slots.mostRecentlyAffineTo(key),
      model.freeAffineTo(key)[0],
      `slots.mostRecentlyAffineTo(${key})`,
    )
  }
}

/** Every free slot is at exactly one position, and there is nothing beyond. */
export function comparePositions(slots: FreeSlots, model: ReferenceModel): void {
  const seen = new Set<number>()
  for (let position = 0; position < slots.count; position += 1) {
    const slot = slots.at(position)
    ensure(model.isFree(slot), `slots.at(${position}) is ${slot}, which is not free`)
    seen.add(slot as number)
  }
  ensureEqual(seen.size, model.freeCount, 'slots that slots.at finds')
  for (const position of [-1, 0.5, slots.count, NaN]) {
    ensureEqual(slots.at(position), undefined, `slots.at(${position})`)
  }
}

function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].sort((left, right) => left - right)
}
