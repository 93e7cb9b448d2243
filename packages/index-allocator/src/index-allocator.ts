/**
 * Which slot? Hands out slot numbers, remembers for each slot the module (key) that used it last, and finds the
 * free slots of one module again. Modelled on the index allocator of Wasmtime's pooling allocator.
 *
 * The allocator keeps the truth (state/), a strategy only chooses among the free slots, and each choice is checked before
 * anything changes. All of it is O(1) in typed arrays: up to 80 bytes of address space a slot, most of which take memory only
 * as slots are handed out for the first time.
 */

import type { AffinityKey, AllocationStrategy, SlotIndex } from './allocation-strategy.ts'
import { checkCapacity, checkKey, checkSlot, checkStrategy, isSlot } from './checks.ts'
import { SlotNotTakenError } from './errors/slot-not-taken-error.ts'
import { StrategyChoiceError } from './errors/strategy-choice-error.ts'
import { FreeSlotsView } from './free-slots-view.ts'
import type { AllocationTotals, SlotCounts } from './slot-statistics.ts'
import { FREE_AFFINE, UNTOUCHED } from './state/slot-fields.ts'
import { SlotTable } from './state/slot-table.ts'

export interface IndexAllocatorOptions {
  /** How many slots there are: 1 to 1,048,576. No default. */
  capacity: number
  /** Decides which free slot an allocation gets. No default. */
  strategy: AllocationStrategy
}

export class IndexAllocator {
  readonly #table: SlotTable
  readonly #freeSlots: FreeSlotsView
  readonly #strategy: AllocationStrategy
  readonly #totals: AllocationTotals = { affine: 0, evicted: 0, withoutAffinity: 0, untouched: 0 }

  /** @throws InvalidOptionError if the capacity is out of range or the strategy is none. */
  constructor(options: IndexAllocatorOptions) {
    const { capacity, strategy } = options
    checkCapacity(capacity)
    checkStrategy(strategy)
    this.#table = new SlotTable(capacity)
    this.#freeSlots = new FreeSlotsView(this.#table)
    this.#strategy = strategy
  }

  get capacity(): number {
    return this.#table.capacity
  }

  /** How many slots are handed out. */
  get taken(): number {
    return this.#table.taken
  }

  /** How many slots are free. */
  get available(): number {
    return this.#table.capacity - this.#table.taken
  }

  get strategyName(): string {
    return this.#strategy.name
  }

  /** A new object at each call. */
  get counts(): SlotCounts {
    const { untouched, withoutAffinity, affine, taken } = this.#table
    return { untouched: untouched.count, withoutAffinity: withoutAffinity.count, affine: affine.count, taken }
  }

  /** A new object at each call. Slots from `allocateAffineAndClearAffinity` are not counted. */
  get totals(): AllocationTotals {
    return { ...this.#totals }
  }

  /** How many different keys slots remember, taken slots included: never more than the capacity. */
  get affinityKeyCount(): number {
    return this.#table.affinity.keyCount
  }

  /**
   * Hands out a free slot, chosen by the strategy, or undefined where none is free. With a key, the slot is affine to it
   * from now on, whatever it remembered before; without one it remembers nothing.
   *
   * @throws InvalidAffinityKeyError if the key is no safe integer from 0 on.
   * @throws StrategyChoiceError if the strategy chose no free slot; nothing has changed then.
   */
  allocate(key?: AffinityKey): SlotIndex | undefined {
    if (key !== undefined) checkKey(key)
    const table = this.#table
    if (table.taken === table.capacity) return undefined
    const choice: unknown = this.#strategy.choose(this.#freeSlots, key)
    if (!isSlot(choice, table.capacity) || table.isTaken(choice)) {
      throw new StrategyChoiceError(this.#strategy.name, choice, this.available)
    }
    const slot = choice >>> 0
    const state = table.take(slot)
    const isHit = table.affinity.assign(slot, key)
    if (isHit) this.#totals.affine += 1
    else if (state === FREE_AFFINE) this.#totals.evicted += 1
    else if (state === UNTOUCHED) this.#totals.untouched += 1
    else this.#totals.withoutAffinity += 1
    return slot
  }

  /**
   * Hands out one of the free slots affine to `key`, and forgets its affinity, so that `free` gives it back without one;
   * undefined where there is none (any more). For the purge of a module: repeat it until then, remove the module's
   * image from each slot, free the slot. Slots of the module that are in use must be dealt with by their holders, see
   * `clearAffinity`. The strategy has no say in this.
   *
   * @throws InvalidAffinityKeyError
   */
  allocateAffineAndClearAffinity(key: AffinityKey): SlotIndex | undefined {
    checkKey(key)
    const { affinity } = this.#table
    const slot = affinity.firstFree(key)
    if (slot === undefined) return undefined
    this.#table.take(slot)
    affinity.assign(slot, undefined)
    return slot
  }

  /**
   * Makes a taken slot forget its affinity, so that `free` gives it back without one: the module was dropped
   * meanwhile, or its image could not be mapped.
   *
   * @throws SlotNotTakenError if the slot is free: use `allocateAffineAndClearAffinity` for those.
   * @throws SlotOutOfRangeError
   */
  clearAffinity(slot: SlotIndex): void {
    this.#checkTaken(slot, 'clear the affinity of')
    this.#table.affinity.assign(slot, undefined)
  }

  /**
   * Gives a slot back. It is affine to the key that it was handed out with, unless that was cleared.
   *
   * @throws SlotNotTakenError if it is free already.
   * @throws SlotOutOfRangeError if it is no integer from 0 to `capacity - 1`.
   */
  free(slot: SlotIndex): void {
    this.#checkTaken(slot, 'free')
    this.#table.free(slot)
  }

  /** @throws SlotOutOfRangeError */
  isTaken(slot: SlotIndex): boolean {
    checkSlot(slot, this.#table.capacity)
    return this.#table.isTaken(slot)
  }

  /**
   * The key that a slot remembers, be it free or taken.
   *
   * @throws SlotOutOfRangeError
   */
  affinityOf(slot: SlotIndex): AffinityKey | undefined {
    checkSlot(slot, this.#table.capacity)
    return this.#table.affinity.keyOf(slot)
  }

  /**
   * The free slots affine to `key`, most recently freed first: a copy, O(their number).
   *
   * @throws InvalidAffinityKeyError
   */
  affineSlots(key: AffinityKey): readonly SlotIndex[] {
    checkKey(key)
    return this.#table.affinity.freeSlots(key)
  }

  /**
   * How many free slots are affine to `key`.
   *
   * @throws InvalidAffinityKeyError
   */
  affineCount(key: AffinityKey): number {
    checkKey(key)
    return this.#table.affinity.freeCount(key)
  }

  /**
   * How many taken slots are affine to `key`: those that a purge has to wait for.
   *
   * @throws InvalidAffinityKeyError
   */
  takenAffineCount(key: AffinityKey): number {
    checkKey(key)
    return this.#table.affinity.slotCount(key) - this.#table.affinity.freeCount(key)
  }

  /** The keys that slots remember, taken slots included, in no particular order: a copy, O(their number). */
  affinityKeys(): readonly AffinityKey[] {
    return this.#table.affinity.keys()
  }

  #checkTaken(slot: SlotIndex, operation: string): void {
    checkSlot(slot, this.#table.capacity)
    if (!this.#table.isTaken(slot)) throw new SlotNotTakenError(slot, operation)
  }
}
