/**
 * The free slots without gaps, for strategies that draw by position: a permutation of all slots whose first `count`
 * are the free ones. Removing swaps a slot with the last free one.
 *
 * Both arrays store `value XOR index`, so that zeros are the identity permutation and setting up costs no pass.
 * Only strategies that ask for positions pay for this: it is made at their first question.
 */

import type { SlotIndex } from '../allocation-strategy.ts'

export class DenseSlots {
  readonly #slotAt: Int32Array
  readonly #positionOf: Int32Array
  #count: number

  constructor(capacity: number) {
    this.#slotAt = new Int32Array(capacity)
    this.#positionOf = new Int32Array(capacity)
    this.#count = capacity
  }

  at(position: number): SlotIndex | undefined {
    if (!(position >= 0 && position < this.#count)) return undefined
    const stored = this.#slotAt[position]
    return stored === undefined ? undefined : stored ^ position
  }

  /** Takes out a slot that is in. */
  remove(slot: SlotIndex): void {
    this.#count -= 1
    this.#swap(slot, this.#count)
  }

  /** Puts back a slot that was taken out. */
  add(slot: SlotIndex): void {
    this.#swap(slot, this.#count)
    this.#count += 1
  }

  #swap(slot: SlotIndex, position: number): void {
    const oldPosition = (this.#positionOf[slot] as number) ^ slot
    const otherSlot = (this.#slotAt[position] as number) ^ position
    this.#slotAt[oldPosition] = otherSlot ^ oldPosition
    this.#positionOf[otherSlot] = oldPosition ^ otherSlot
    this.#slotAt[position] = slot ^ position
    this.#positionOf[slot] = position ^ slot
  }
}
