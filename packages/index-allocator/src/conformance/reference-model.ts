/**
 * What the allocator must be like after a series of operations, written down as plainly as can be: sets, maps and arrays,
 * every question answered by going through all of it. Which slot an allocation gets is the strategy's business; so
 * the model is told, and only checks that the slot was free.
 */

import type { AffinityKey, SlotIndex } from '../allocation-strategy.ts'
import { ensure } from './assertions.ts'

export class ReferenceModel {
  readonly capacity: number
  readonly taken: Set<SlotIndex> = new Set()
  readonly affinity: Map<SlotIndex, AffinityKey> = new Map()
  /** Free slots that were used, the one freed last at the end. */
  readonly freed: SlotIndex[] = []
  readonly untouched: Set<SlotIndex> = new Set()

  constructor(capacity: number) {
    this.capacity = capacity
    for (let slot = 0; slot < capacity; slot += 1) this.untouched.add(slot)
  }

  get freeCount(): number {
    return this.untouched.size + this.freed.length
  }

  isFree(slot: unknown): boolean {
    return this.untouched.has(slot as SlotIndex) || this.freed.includes(slot as SlotIndex)
  }

  take(slot: SlotIndex, key: AffinityKey | undefined): void {
    ensure(!this.taken.has(slot), `slot ${slot} was handed out while it was taken`)
    ensure(this.isFree(slot), `${slot}, which is no slot, was handed out`)
    if (!this.untouched.delete(slot)) this.freed.splice(this.freed.indexOf(slot), 1)
    this.taken.add(slot)
    if (key === undefined) this.affinity.delete(slot)
    else this.affinity.set(slot, key)
  }

  clearAffinity(slot: SlotIndex): void {
    this.affinity.delete(slot)
  }

  free(slot: SlotIndex): void {
    this.taken.delete(slot)
    this.freed.push(slot)
  }

  /** Most recently freed first. */
  freeAffineTo(key: AffinityKey): SlotIndex[] {
    return this.freed.filter((slot) => this.affinity.get(slot) === key).toReversed()
  }

  takenAffineTo(key: AffinityKey): SlotIndex[] {
    return [...this.taken].filter((slot) => this.affinity.get(slot) === key)
  }

  freeAffine(): SlotIndex[] {
    return this.freed.filter((slot) => this.affinity.has(slot))
  }

  freeWithoutAffinity(): SlotIndex[] {
    return this.freed.filter((slot) => !this.affinity.has(slot))
  }

  lowestUntouched(): SlotIndex | undefined {
    return this.untouched.values().next().value
  }
}
