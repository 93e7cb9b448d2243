/**
 * Key -> record number: a hash table with linear probing over one Int32Array, at most half full.
 *
 * A `Map` would do the same, but slower per look-up (a fifth of an allocation's time when measured), with garbage, and
 * with a pause now and then in which it rehashes all its entries. Here places hold record numbers, 0 for none; the keys stay with the records.
 * Deleting closes the gap by moving later entries up, so that nothing is left behind and no search gets longer with time.
 */

import type { AffinityKey } from '../allocation-strategy.ts'

export class KeyTable {
  readonly #keyOfRecord: Float64Array
  readonly #places: Int32Array
  readonly #mask: number
  readonly #hashShift: number
  #size = 0

  /** @param keyOfRecord each record's key; the owner writes it before `add` and keeps it until after `delete`. */
  constructor(keyOfRecord: Float64Array, maximumKeys: number) {
    const bits = 33 - Math.clz32(maximumKeys)
    this.#keyOfRecord = keyOfRecord
    this.#places = new Int32Array(2 ** bits)
    this.#mask = 2 ** bits - 1
    this.#hashShift = 32 - bits
  }

  get size(): number {
    return this.#size
  }

  /** The record of a key, or 0. */
  get(key: AffinityKey): number {
    for (let place = this.#home(key); ; place = (place + 1) & this.#mask) {
      const record = this.#places[place] as number
      if (record === 0 || this.#keyOfRecord[record] === key) return record
    }
  }

  /** Adds the record of a key that is not in the table. */
  add(record: number): void {
    let place = this.#home(this.#keyOfRecord[record] as number)
    while (this.#places[place] !== 0) place = (place + 1) & this.#mask
    this.#places[place] = record
    this.#size += 1
  }

  /** Deletes a record that is in the table. */
  delete(record: number): void {
    let gap = this.#home(this.#keyOfRecord[record] as number)
    while (this.#places[gap] !== record) gap = (gap + 1) & this.#mask
    for (let place = (gap + 1) & this.#mask; ; place = (place + 1) & this.#mask) {
      const candidate = this.#places[place] as number
      if (candidate === 0) break
      // It may move up to the gap only if its search starts there or before it.
      const home = this.#home(this.#keyOfRecord[candidate] as number)
      if (((place - home) & this.#mask) < ((place - gap) & this.#mask)) continue
      this.#places[gap] = candidate
      gap = place
    }
    this.#places[gap] = 0
    this.#size -= 1
  }

  /** All keys, in no particular order: O(table). */
  keys(): AffinityKey[] {
    const keys: AffinityKey[] = []
    for (const record of this.#places) if (record !== 0) keys.push(this.#keyOfRecord[record] as number)
    return keys
  }

  /** Where the search for a key starts. The multiplier is the golden ratio's: it spreads keys that count up evenly. */
  #home(key: AffinityKey): number {
    const folded = key <= 0x7fffffff ? key : (key % 2 ** 32) ^ (key / 2 ** 32)
    return Math.imul(folded, 0x9e3779b1) >>> this.#hashShift
  }
}
