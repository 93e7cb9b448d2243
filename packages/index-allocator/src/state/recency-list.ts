/**
 * Free slots in the order in which they were freed: a doubly linked list in the slots' fields. The allocator has two,
 * of the affine slots and of those without affinity; a slot is in one of them at most, so they share the link fields.
 */

import { RECENCY_LINKS, SLOT_SHIFT } from './slot-fields.ts'
import type { SlotFields } from './slot-fields.ts'

const PREVIOUS = RECENCY_LINKS
const NEXT = RECENCY_LINKS + 1

export class RecencyList {
  readonly #fields: Int32Array
  /** Both ends as `slot + 1`; 0 where the list is empty. */
  #first = 0
  #last = 0
  #count = 0

  constructor(fields: SlotFields) {
    this.#fields = fields.integers
  }

  get count(): number {
    return this.#count
  }

  get mostRecent(): number | undefined {
    return this.#first === 0 ? undefined : this.#first - 1
  }

  get leastRecent(): number | undefined {
    return this.#last === 0 ? undefined : this.#last - 1
  }

  /** Puts in a slot that is in no recency list, as the most recent one. */
  add(slot: number): void {
    const fields = this.#fields
    const field = slot << SLOT_SHIFT
    const second = this.#first
    fields[field + PREVIOUS] = 0
    fields[field + NEXT] = second
    if (second === 0) this.#last = slot + 1
    else fields[((second - 1) << SLOT_SHIFT) + PREVIOUS] = slot + 1
    this.#first = slot + 1
    this.#count += 1
  }

  /** Takes out a slot that is in this list. */
  remove(slot: number): void {
    const fields = this.#fields
    const field = slot << SLOT_SHIFT
    const previous = fields[field + PREVIOUS] as number
    const next = fields[field + NEXT] as number
    if (previous === 0) this.#first = next
    else fields[((previous - 1) << SLOT_SHIFT) + NEXT] = next
    if (next === 0) this.#last = previous
    else fields[((next - 1) << SLOT_SHIFT) + PREVIOUS] = previous
    this.#count -= 1
  }
}
