/**
 * Which slot remembers which key, and for each key the list of its free slots, most recently freed first.
 *
 *     key table: key -> record   record: [first free slot | free slots | slots, taken ones too]        slot: record
 *
 * A record lives as long as any slot, free *or taken*, remembers its key: a module whose slots come and go costs one look-up
 * in the table and no change of it, and a key that no slot remembers any more leaves nothing behind. There are never
 * more records than slots. Unused ones are chained through their first field.
 */

import type { AffinityKey, SlotIndex } from '../allocation-strategy.ts'
import { AFFINITY_LINKS, AFFINITY_RECORD, SLOT_SHIFT } from './slot-fields.ts'
import type { SlotFields } from './slot-fields.ts'
import { KeyTable } from './key-table.ts'

const PREVIOUS = AFFINITY_LINKS
const NEXT = AFFINITY_LINKS + 1

const RECORD_SHIFT = 2
/** First slot of the key's list as `slot + 1`, or 0; in an unused record the next unused record. */
const FIRST = 0
const FREE_COUNT = 1
const SLOT_COUNT = 2

export class AffinityRecords {
  readonly #fields: Int32Array
  readonly #recordOfKey: KeyTable
  /** Record 0 means "none"; so there is room for `capacity + 1`. */
  readonly #records: Int32Array
  readonly #keys: Float64Array
  #firstUnused = 0
  #highest = 0

  constructor(fields: SlotFields, capacity: number) {
    this.#fields = fields.integers
    this.#records = new Int32Array((capacity + 1) << RECORD_SHIFT)
    this.#keys = new Float64Array(capacity + 1)
    this.#recordOfKey = new KeyTable(this.#keys, capacity)
  }

  get keyCount(): number {
    return this.#recordOfKey.size
  }

  keys(): AffinityKey[] {
    return this.#recordOfKey.keys()
  }

  keyOf(slot: SlotIndex): AffinityKey | undefined {
    const record = this.#fields[(slot << SLOT_SHIFT) + AFFINITY_RECORD] as number
    return record === 0 ? undefined : this.#keys[record]
  }

  hasKey(slot: SlotIndex): boolean {
    return this.#fields[(slot << SLOT_SHIFT) + AFFINITY_RECORD] !== 0
  }

  /** The most recently freed slot of those affine to `key`. */
  firstFree(key: AffinityKey): SlotIndex | undefined {
    const first = this.#recordField(key, FIRST)
    return first === 0 ? undefined : first - 1
  }

  freeCount(key: AffinityKey): number {
    return this.#recordField(key, FREE_COUNT)
  }

  /** All slots that remember `key`, taken ones too. */
  slotCount(key: AffinityKey): number {
    return this.#recordField(key, SLOT_COUNT)
  }

  freeSlots(key: AffinityKey): SlotIndex[] {
    const slots: SlotIndex[] = []
    for (let link = this.#recordField(key, FIRST); link !== 0;) {
      slots.push(link - 1)
      link = this.#fields[((link - 1) << SLOT_SHIFT) + NEXT] as number
    }
    return slots
  }

  /**
   * Makes a taken slot remember `key`, or nothing; what it remembered before is forgotten.
   * Returns whether that was the same key already.
   */
  assign(slot: SlotIndex, key: AffinityKey | undefined): boolean {
    const field = (slot << SLOT_SHIFT) + AFFINITY_RECORD
    const old = this.#fields[field] as number
    if (old !== 0) {
      if (this.#keys[old] === key) return true
      this.#releaseRecord(old)
    }
    this.#fields[field] = key === undefined ? 0 : this.#retainRecord(key)
    return false
  }

  /** Puts a slot that remembers a key at the head of the key's free slots. */
  addFree(slot: SlotIndex): void {
    const fields = this.#fields
    const field = slot << SLOT_SHIFT
    const record = (fields[field + AFFINITY_RECORD] as number) << RECORD_SHIFT
    const second = this.#records[record + FIRST] as number
    fields[field + PREVIOUS] = 0
    fields[field + NEXT] = second
    if (second !== 0) fields[((second - 1) << SLOT_SHIFT) + PREVIOUS] = slot + 1
    this.#records[record + FIRST] = slot + 1
    this.#records[record + FREE_COUNT] = (this.#records[record + FREE_COUNT] as number) + 1
  }

  /** Takes a slot out of the free slots of the key that it remembers. It goes on remembering it. */
  removeFree(slot: SlotIndex): void {
    const fields = this.#fields
    const field = slot << SLOT_SHIFT
    const record = (fields[field + AFFINITY_RECORD] as number) << RECORD_SHIFT
    const previous = fields[field + PREVIOUS] as number
    const next = fields[field + NEXT] as number
    if (previous === 0) this.#records[record + FIRST] = next
    else fields[((previous - 1) << SLOT_SHIFT) + NEXT] = next
    if (next !== 0) fields[((next - 1) << SLOT_SHIFT) + PREVIOUS] = previous
    this.#records[record + FREE_COUNT] = (this.#records[record + FREE_COUNT] as number) - 1
  }

  #recordField(key: AffinityKey, field: number): number {
    const record = this.#recordOfKey.get(key)
    // Record 0 stays all zeros, so it answers for keys that no slot remembers.
    return this.#records[(record << RECORD_SHIFT) + field] as number
  }

  #retainRecord(key: AffinityKey): number {
    let record = this.#recordOfKey.get(key)
    if (record === 0) {
      record = this.#firstUnused === 0 ? ++this.#highest : this.#firstUnused
      const field = record << RECORD_SHIFT
      // A record that was never used has 0 here, as the last one of the chain has.
      this.#firstUnused = this.#records[field + FIRST] as number
      this.#records[field + FIRST] = 0
      // A key of -0 is stored as 0.
      this.#keys[record] = key + 0
      this.#recordOfKey.add(record)
    }
    const count = (record << RECORD_SHIFT) + SLOT_COUNT
    this.#records[count] = (this.#records[count] as number) + 1
    return record
  }

  /** One slot less remembers the record's key. Its list is empty by the time that none does. */
  #releaseRecord(record: number): void {
    const field = record << RECORD_SHIFT
    const count = (this.#records[field + SLOT_COUNT] as number) - 1
    this.#records[field + SLOT_COUNT] = count
    if (count > 0) return
    this.#recordOfKey.delete(record)
    this.#records[field + FIRST] = this.#firstUnused
    this.#firstUnused = record
  }
}
