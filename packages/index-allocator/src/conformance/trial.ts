/**
 * One allocator under trial, with the strategy in question, beside the model: each operation is done to both and its result
 * compared. The strategy is watched: when it is asked, what it is shown, and what it answers.
 */

import type { AffinityKey, AllocationStrategy, FreeSlots, SlotIndex } from '../allocation-strategy.ts'
import { IndexAllocator } from '../index-allocator.ts'
import { SlotNotTakenError } from '../errors/slot-not-taken-error.ts'
import { SlotOutOfRangeError } from '../errors/slot-out-of-range-error.ts'
import { ensure, ensureEqual, ensureThrows } from './assertions.ts'
import { compareAllocator, compareCounts, compareFreeSlots, comparePositions } from './comparisons.ts'
import { ReferenceModel } from './reference-model.ts'

export class Trial {
  readonly allocator: IndexAllocator
  readonly model: ReferenceModel
  /** The keys that the operations use; comparisons ask about each. */
  readonly keys: readonly AffinityKey[]
  readonly #strategy: AllocationStrategy
  #expectedKey: AffinityKey | undefined
  #choices = 0

  constructor(strategy: AllocationStrategy, capacity: number, keys: readonly AffinityKey[]) {
    this.#strategy = strategy
    this.model = new ReferenceModel(capacity)
    this.keys = keys
    this.allocator = new IndexAllocator({
      capacity,
      strategy: { name: strategy.name, choose: (slots, key) => this.#watchedChoice(slots, key) },
    })
  }

  allocate(key?: AffinityKey): SlotIndex | undefined {
    const { allocator, model } = this
    const choicesBefore = this.#choices
    const isFull = model.freeCount === 0
    this.#expectedKey = key
    const slot = key === undefined ? allocator.allocate() : allocator.allocate(key)
    ensureEqual(this.#choices - choicesBefore, isFull ? 0 : 1, 'how often an allocation asked the strategy')
    if (slot === undefined) {
      ensure(isFull, `allocate(${key}) found nothing although ${model.freeCount} slots are free`)
      return undefined
    }
    model.take(slot, key)
    compareCounts(allocator, model)
    ensureEqual(allocator.affinityOf(slot), key, `affinity of the slot from allocate(${key})`)
    return slot
  }

  allocateAffineAndClearAffinity(key: AffinityKey): SlotIndex | undefined {
    const { allocator, model } = this
    const choicesBefore = this.#choices
    const affine = model.freeAffineTo(key)
    const slot = allocator.allocateAffineAndClearAffinity(key)
    ensureEqual(this.#choices, choicesBefore, 'choices by the strategy, which has no say in a purge')
    if (slot === undefined) {
      ensure(affine.length === 0, `a purge of key ${key} missed the slots ${affine.join(', ')}`)
      return undefined
    }
    ensure(affine.includes(slot), `a purge of key ${key} got slot ${slot}, which is not a free one of it`)
    model.take(slot, undefined)
    compareCounts(allocator, model)
    ensureEqual(allocator.affinityOf(slot), undefined, 'affinity of a slot that a purge took')
    return slot
  }

  /** Takes every free slot of a key and gives them all back, as the pool's purge does. */
  purge(key: AffinityKey): void {
    const slots: SlotIndex[] = []
    for (;;) {
      const slot = this.allocateAffineAndClearAffinity(key)
      if (slot === undefined) break
      slots.push(slot)
    }
    for (const slot of slots) this.free(slot)
    ensureEqual(this.allocator.affineCount(key), 0, `affineCount(${key}) after a purge`)
  }

  clearAffinity(slot: SlotIndex): void {
    this.allocator.clearAffinity(slot)
    this.model.clearAffinity(slot)
    ensureEqual(this.allocator.affinityOf(slot), undefined, 'affinity of a slot after clearAffinity')
  }

  free(slot: SlotIndex): void {
    this.allocator.free(slot)
    this.model.free(slot)
    compareCounts(this.allocator, this.model)
  }

  /** Operations that must fail and change nothing. */
  misuse(slot: SlotIndex): void {
    const { allocator, model } = this
    for (const wrong of [-1, model.capacity, 0.5, NaN]) {
      ensureThrows(() => allocator.free(wrong), SlotOutOfRangeError.isInstance, `free(${wrong})`)
    }
    if (model.taken.has(slot)) return
    ensureThrows(() => allocator.free(slot), SlotNotTakenError.isInstance, `free(${slot}) of a free slot`)
    ensureThrows(
      () => allocator.clearAffinity(slot),
      SlotNotTakenError.isInstance,
      `clearAffinity(${slot}) of a free slot`,
    )
  }

  compare(): void {
    compareAllocator(this.allocator, this.model, this.keys)
  }

  #watchedChoice(slots: FreeSlots, key: AffinityKey | undefined): SlotIndex | undefined {
    const { model } = this
    this.#choices += 1
    ensure(slots.count > 0, 'the strategy was asked although no slot is free')
    ensureEqual(key, this.#expectedKey, 'key that the strategy was given')
    // Positions are compared in some rounds only: asking for them changes what the allocator keeps.
    const round = this.#choices % 32
    if (round % 4 === 0) compareFreeSlots(slots, model, this.keys)
    if (round === 31) comparePositions(slots, model)
    const choice: unknown = this.#strategy.choose(slots, key)
    ensure(
      typeof choice === 'number' && model.isFree(choice),
      `strategy "${this.#strategy.name}" chose ${String(choice)} for key ${key}, which is not a free slot`,
    )
    return choice
  }
}
