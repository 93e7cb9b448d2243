/**
 * The slots that were never handed out, in ascending order: a doubly linked list that costs nothing to set up.
 *
 * Its links are stored as the distance from what they are in the beginning, when slot i stands between i - 1 and i + 1:
 *
 *     previous = slot - 1 - field        next = slot + 1 + field
 *
 * So a block of zeros is the full list, and taking any slot out, not only the first, is O(1). The ends are no special
 * value: the list ends where `next` reaches the capacity. The link before the first slot is never read, hence may be stale.
 * A slot leaves this list once and never comes back; its link fields then belong to the recency lists.
 */

import { RECENCY_LINKS, SLOT_SHIFT } from './slot-fields.ts'
import type { SlotFields } from './slot-fields.ts'

const PREVIOUS = RECENCY_LINKS
const NEXT = RECENCY_LINKS + 1

export class UntouchedSlots {
  readonly #fields: Int32Array
  readonly #capacity: number
  #first = 0
  #count: number

  constructor(fields: SlotFields, capacity: number) {
    this.#fields = fields.integers
    this.#capacity = capacity
    this.#count = capacity
  }

  get count(): number {
    return this.#count
  }

  get first(): number | undefined {
    return this.#count > 0 ? this.#first : undefined
  }

  /** Takes out a slot that is in the list. */
  remove(slot: number): void {
    const fields = this.#fields
    const field = slot << SLOT_SHIFT
    const next = slot + 1 + (fields[field + NEXT] as number)
    if (slot === this.#first) {
      this.#first = next
    } else {
      const previous = slot - 1 - (fields[field + PREVIOUS] as number)
      fields[(previous << SLOT_SHIFT) + NEXT] = next - previous - 1
      if (next < this.#capacity) fields[(next << SLOT_SHIFT) + PREVIOUS] = next - previous - 1
    }
    this.#count -= 1
  }
}
