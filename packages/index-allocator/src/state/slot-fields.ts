/**
 * Where a slot's bookkeeping lies: 32 bytes a slot, in one block, so that a slot's state costs one cache line and a
 * million of them are a few typed arrays instead of a million objects.
 *
 *      int32   0         1         2         3         4         5         6     7
 *          | recency           | affinity          | affinity | state  | freed at      |
 *          | previous  next    | previous  next    | record   |        | (one float64) |
 *
 * All zeros is the state of a slot that was never handed out. So a new block needs no pass over it, and the operating
 * system gives it pages only as slots come into use.
 *
 * Links hold `slot + 1`, and 0 for none; only among untouched slots they mean something else (see untouched-slots.ts).
 */

export const FIELDS_PER_SLOT = 8
/** `slot << SLOT_SHIFT` is the slot's first field. */
export const SLOT_SHIFT = 3

/** Links of the recency lists: a free slot is in one of them, the untouched, the affine, or those without affinity. */
export const RECENCY_LINKS = 0
/** Links of the list of free slots affine to one key. */
export const AFFINITY_LINKS = 2
/** Number of the affinity record, 0 for none; kept while the slot is taken. */
export const AFFINITY_RECORD = 4
export const STATE = 5
/** When the slot was freed, as a count of `free` calls: index of the float64 within the slot's four. */
const FREED_AT_FLOAT = 3

export const UNTOUCHED = 0
export const TAKEN = 1
export const FREE_WITHOUT_AFFINITY = 2
export const FREE_AFFINE = 3

/** The block of one allocator. */
export class SlotFields {
  readonly integers: Int32Array
  readonly #floats: Float64Array

  constructor(capacity: number) {
    const block = new ArrayBuffer(capacity * FIELDS_PER_SLOT * Int32Array.BYTES_PER_ELEMENT)
    this.integers = new Int32Array(block)
    this.#floats = new Float64Array(block)
  }

  freedAt(slot: number): number {
    return this.#floats[slot * 4 + FREED_AT_FLOAT] as number
  }

  setFreedAt(slot: number, time: number): void {
    this.#floats[slot * 4 + FREED_AT_FLOAT] = time
  }
}
