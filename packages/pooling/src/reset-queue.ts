/**
 * Released slots that wait for a batched reset (Wasmtime: its decommit queue). A queued slot is still taken for the index
 * allocator, remembers its module, and counts as available: whoever needs one gets it out (`take…`), so that waiting here
 * never makes anybody fail. A purge takes out those of its module.
 *
 * The queue is short (`resetBatchSize` at most), so searching it is cheaper than an index would be.
 */

import type { ModuleMemory, ModuleRecord, Slot } from './records.ts'

export class ResetQueue {
  readonly #slots: Slot[] = []

  get length(): number {
    return this.#slots.length
  }

  /** Oldest first. */
  [Symbol.iterator](): IterableIterator<Slot> {
    return this.#slots.values()
  }

  add(slot: Slot): void {
    if (slot.owner !== undefined) slot.owner.queued += 1
    this.#slots.push(slot)
  }

  takeOldest(): Slot | undefined {
    return this.#take(0)
  }

  /** The one that came last, which is the one whose pages are likeliest to be in a cache. */
  takeOfMemory(memory: ModuleMemory): Slot | undefined {
    return memory.queued === 0
      ? undefined
      : this.#take(this.#slots.findLastIndex((slot) => slot.owner === memory))
  }

  takeOfModule(record: ModuleRecord): Slot | undefined {
    return this.#take(this.#slots.findIndex((slot) => slot.owner?.record === record))
  }

  #take(position: number): Slot | undefined {
    const [slot] = position === -1 ? [] : this.#slots.splice(position, 1)
    if (slot?.owner !== undefined) slot.owner.queued -= 1
    return slot
  }
}
