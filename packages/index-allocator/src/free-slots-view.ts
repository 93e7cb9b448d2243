/** What a strategy is given: the questions of `FreeSlots` and no way to change the table behind them. */

import type { AffinityKey, FreeSlots, SlotIndex } from './allocation-strategy.ts'
import type { SlotTable } from './state/slot-table.ts'

export class FreeSlotsView implements FreeSlots {
  readonly #table: SlotTable

  constructor(table: SlotTable) {
    this.#table = table
  }

  get count(): number {
    return this.#table.capacity - this.#table.taken
  }

  get affineCount(): number {
    return this.#table.affine.count
  }

  get mostRecentlyFreed(): SlotIndex | undefined {
    return this.#table.mostRecentlyFreed()
  }

  get leastRecentlyFreed(): SlotIndex | undefined {
    return this.#table.leastRecentlyFreed()
  }

  get leastRecentlyUsedAffine(): SlotIndex | undefined {
    return this.#table.affine.leastRecent
  }

  get mostRecentlyFreedWithoutAffinity(): SlotIndex | undefined {
    return this.#table.withoutAffinity.mostRecent
  }

  get nextUntouched(): SlotIndex | undefined {
    return this.#table.untouched.first
  }

  at(position: number): SlotIndex | undefined {
    return this.#table.at(position)
  }

  mostRecentlyAffineTo(key: AffinityKey): SlotIndex | undefined {
    return this.#table.affinity.firstFree(key)
  }
}
