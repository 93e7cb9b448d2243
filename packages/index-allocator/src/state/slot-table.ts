/**
 * The truth about every slot. Callers have checked their arguments; here are only the transitions:
 *
 *               take                    free, remembers a key
 *     untouched ────► taken ──────────────────────────► affine ──┐
 *                      ▲ ▲ │                                     │
 *                      │ │ └─ free, remembers none ─► without ─┐ │
 *                      │ │                           affinity  │ │
 *                      │ └──────────────── take ───────────────┘ │
 *                      └────────────────── take ─────────────────┘
 *
 * Invariant: a free slot is in exactly one of `untouched`, `withoutAffinity`, `affine`; an affine one is in its key's list
 * too; a taken one is in no list, but goes on remembering its key.
 */

import type { SlotIndex } from '../allocation-strategy.ts'
import { AffinityRecords } from './affinity-records.ts'
import { DenseSlots } from './dense-slots.ts'
import { RecencyList } from './recency-list.ts'
import { FREE_AFFINE, FREE_WITHOUT_AFFINITY, SLOT_SHIFT, SlotFields, STATE, TAKEN } from './slot-fields.ts'
import { UntouchedSlots } from './untouched-slots.ts'

export class SlotTable {
  readonly capacity: number
  readonly untouched: UntouchedSlots
  readonly withoutAffinity: RecencyList
  readonly affine: RecencyList
  readonly affinity: AffinityRecords
  readonly #fields: SlotFields
  readonly #integers: Int32Array
  #dense: DenseSlots | undefined
  #taken = 0
  #frees = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#fields = new SlotFields(capacity)
    this.#integers = this.#fields.integers
    this.untouched = new UntouchedSlots(this.#fields, capacity)
    this.withoutAffinity = new RecencyList(this.#fields)
    this.affine = new RecencyList(this.#fields)
    this.affinity = new AffinityRecords(this.#fields, capacity)
  }

  get taken(): number {
    return this.#taken
  }

  isTaken(slot: SlotIndex): boolean {
    return this.#integers[(slot << SLOT_SHIFT) + STATE] === TAKEN
  }

  /** A free slot becomes taken; what it remembers stays as it is. Returns what it was until now. */
  take(slot: SlotIndex): number {
    const state = this.#integers[(slot << SLOT_SHIFT) + STATE] as number
    if (state === FREE_AFFINE) {
      this.affine.remove(slot)
      this.affinity.removeFree(slot)
    } else if (state === FREE_WITHOUT_AFFINITY) {
      this.withoutAffinity.remove(slot)
    } else {
      this.untouched.remove(slot)
    }
    this.#integers[(slot << SLOT_SHIFT) + STATE] = TAKEN
    this.#taken += 1
    this.#dense?.remove(slot)
    return state
  }

  /** A taken slot becomes free, affine to what it remembers. */
  free(slot: SlotIndex): void {
    if (this.affinity.hasKey(slot)) {
      this.affine.add(slot)
      this.affinity.addFree(slot)
      this.#integers[(slot << SLOT_SHIFT) + STATE] = FREE_AFFINE
    } else {
      this.withoutAffinity.add(slot)
      this.#integers[(slot << SLOT_SHIFT) + STATE] = FREE_WITHOUT_AFFINITY
    }
    this.#frees += 1
    this.#fields.setFreedAt(slot, this.#frees)
    this.#taken -= 1
    this.#dense?.add(slot)
  }

  /** The free slot at a position of the dense order. */
  at(position: number): SlotIndex | undefined {
    this.#dense ??= this.#denseSlots()
    return this.#dense.at(position)
  }

  mostRecentlyFreed(): SlotIndex | undefined {
    const affine = this.affine.mostRecent
    const other = this.withoutAffinity.mostRecent
    if (affine === undefined || other === undefined) return affine ?? other
    return this.#fields.freedAt(affine) > this.#fields.freedAt(other) ? affine : other
  }

  leastRecentlyFreed(): SlotIndex | undefined {
    const affine = this.affine.leastRecent
    const other = this.withoutAffinity.leastRecent
    if (affine === undefined || other === undefined) return affine ?? other
    return this.#fields.freedAt(affine) < this.#fields.freedAt(other) ? affine : other
  }

  #denseSlots(): DenseSlots {
    const dense = new DenseSlots(this.capacity)
    for (let slot = 0, taken = this.#taken; taken > 0; slot += 1) {
      if (!this.isTaken(slot)) continue
      dense.remove(slot)
      taken -= 1
    }
    return dense
  }
}
