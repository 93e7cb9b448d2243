/**
 * Slots and their memories, without regard to who holds them: making address space, mapping an image, resetting, clearing.
 * Every failure of the kernel ends here, in one of three ways: the next best is done, the slot is retired, or (only in
 * `prepare`) the caller is told.
 */

import type { SlotIndex } from '@warmslot/index-allocator'
import { SlotMemory } from '@warmslot/memory-image'
import { LimitExceededError } from './errors/limit-exceeded-error.ts'
import { MappingBudget } from './mapping-budget.ts'
import { type ModuleMemory, type ModuleRecord, Slot } from './records.ts'
import type { PoolSettings, SlotReservation } from './pool-options.ts'
import { changeKind, releaseParked } from './reservation-kinds.ts'

type ReservationSettings = Pick<
  PoolSettings,
  'slots' | 'slotBytes' | 'keepResidentBytes' | 'createReservation' | 'clock'
>

export class SlotCare {
  /** Slots that are given up. */
  retired = 0
  /** Failures that belong to no module. */
  faultsElsewhere = 0
  /** Whether resets may leave pages resident: not while memory is short. */
  keepsPages = true
  /** What failed last, for whoever has to find out why. */
  lastFault: unknown = undefined
  readonly #settings: ReservationSettings
  readonly #slots: (Slot | undefined)[]
  readonly #mappings: MappingBudget

  constructor(settings: ReservationSettings) {
    this.#settings = settings
    this.#slots = Array.from({ length: settings.slots })
    this.#mappings = new MappingBudget(settings.clock)
  }

  slotAt(index: SlotIndex): Slot {
    return (this.#slots[index] ??= new Slot(index))
  }

  /** Slots that were used at least once. */
  *usedSlots(): Generator<Slot> {
    for (const slot of this.#slots) if (slot !== undefined) yield slot
  }

  /** Every slot in the order of their numbers; undefined where it was never used. */
  allSlots(): IterableIterator<[SlotIndex, Slot | undefined]> {
    return this.#slots.entries()
  }

  /** How many of these addresses, in ascending order, lie in address space of some slot. */
  countWithin(addresses: readonly number[]): number {
    let within = 0
    for (const { memory, parked } of this.usedSlots()) {
      if (memory !== undefined) within += countFrom(addresses, memory)
      if (parked !== undefined)
        for (const house of parked.values()) within += countFrom(addresses, house.memory)
    }
    return within
  }

  /** Maps the memory's image into a slot, unless it is there. Throws what the kernel refused; the slot needs `clear` then. */
  prepare(slot: Slot, memory: ModuleMemory): void {
    const counters = memory.record.counters
    if (slot.kind !== memory.kind) this.#changeKind(slot, memory)
    const slotMemory = slot.memory ?? this.#reserve(slot, memory)
    let outcome: 'reused' | 'mapped'
    try {
      outcome = slotMemory.prepare(memory.image, memory.initialBytes)
    } catch (error) {
      this.#fault(error, memory.record)
      throw error
    }
    const before = slot.owner
    if (before === memory && outcome === 'reused') {
      slot.reused = true
      slot.hits += 1
      counters.hits += 1
      return
    }
    slot.reused = false
    slot.attachment = undefined
    if (before !== memory) slot.hits = 0
    slot.owner = memory
    counters.misses += 1
    if (outcome === 'mapped') counters.remaps += 1
    if (before === undefined || before.record === memory.record || before.record.state !== 'live') return
    counters.steals += 1
    before.record.counters.evictions += 1
  }

  /** Brings a slot back to its baseline. False: that failed, and the slot must be cleared. */
  reset(slot: Slot): boolean {
    const record = slot.owner?.record
    try {
      const kind = this.keepsPages ? slot.memory?.reset() : slot.memory?.reset(0)
      if (record === undefined) return true
      if (kind === 'nothing') record.counters.resetsNothing += 1
      else if (kind === 'copied-back') record.counters.resetsCopiedBack += 1
      else record.counters.resetsDecommitted += 1
      return true
    } catch (error) {
      this.#fault(error, record)
      if (record !== undefined) record.counters.resetsFailed += 1
      return false
    }
  }

  /** Gives the pages of a free slot back, which reads as before. False: the kernel refused, they stay. */
  trim(slot: Slot): boolean {
    const record = slot.owner?.record
    try {
      slot.memory?.trim()
    } catch (error) {
      this.#fault(error, record)
      return false
    }
    if (record !== undefined) record.counters.slotsTrimmed += 1
    return true
  }

  /**
   * Removes everything from a slot; where the kernel refuses, its whole address space is given back. False: that failed
   * too, the slot is retired. `suspect` is a module besides the owner whose image may be there.
   */
  clear(slot: Slot, suspect?: ModuleRecord): boolean {
    const owner = slot.owner?.record
    const imageBytes = slot.memory?.image?.byteLength ?? 0
    slot.owner = undefined
    slot.attachment = undefined
    slot.hits = 0
    try {
      if (slot.memory !== undefined && slot.memory.state !== 'untouched') slot.memory.wipe()
      return true
    } catch (error) {
      this.#fault(error, owner)
    }
    // Of a reservation that cannot be disposed nobody knows when its mappings go: that is no clearing.
    if (slot.reservation?.[Symbol.dispose] !== undefined && this.#dispose(slot, owner)) return true
    slot.lostImageBytes = imageBytes
    this.#retire(slot, owner, suspect)
    return false
  }

  /** Clears a slot and gives its address space back; it gets fresh one at its next use. False: the slot is retired. */
  replace(slot: Slot): boolean {
    const owner = slot.owner?.record
    if (!this.clear(slot)) return false
    if (slot.memory === undefined || this.#dispose(slot, owner)) return true
    this.#retire(slot, owner)
    return false
  }

  /** A retired slot once more. True: it is empty now, and may be used again. */
  recover(slot: Slot): boolean {
    if (slot.reservation?.[Symbol.dispose] === undefined || !this.#dispose(slot, undefined)) return false
    slot.retired = false
    slot.lostImageBytes = 0
    this.retired -= 1
    for (const record of slot.suspects) record.leftovers.delete(slot)
    slot.suspects.clear()
    return true
  }

  /** Gives a slot's address space back for good. Throws what the kernel refused. */
  release(slot: Slot): void {
    slot.memory?.[Symbol.dispose]()
    slot.reservation?.[Symbol.dispose]?.()
    slot.reservation = undefined
    slot.memory = undefined
  }

  /** The same, and whatever address space of other kinds it kept. */
  releaseAll(slot: Slot): void {
    this.release(slot)
    releaseParked(slot)
  }

  #changeKind(slot: Slot, { kind, record }: ModuleMemory): void {
    try {
      changeKind(slot, kind)
    } catch (error) {
      this.#fault(error, record)
      throw error
    }
  }

  #reserve(slot: Slot, { kind, record }: ModuleMemory): SlotMemory {
    const { keepResidentBytes, createReservation } = this.#settings
    let reservation: SlotReservation | undefined
    try {
      this.#mappings.spend()
      reservation = createReservation(slot.index, kind)
      this.#checkSize(reservation, slot)
      slot.memory = new SlotMemory(reservation, keepResidentBytes === undefined ? {} : { keepResidentBytes })
      slot.reservation = reservation
      return slot.memory
    } catch (error) {
      this.#fault(error, record)
      reservation?.[Symbol.dispose]?.()
      throw error
    }
  }

  #checkSize(reservation: SlotReservation, slot: Slot): void {
    const { slotBytes } = this.#settings
    const limit = reservation.byteLength
    if (limit >= slotBytes) return
    const message = `createReservation made ${limit} bytes for slot ${slot.index}, but option "slotBytes" is ${slotBytes}.`
    throw new LimitExceededError({ option: 'slotBytes', limit, requested: slotBytes, message })
  }

  #dispose(slot: Slot, record: ModuleRecord | undefined): boolean {
    try {
      this.release(slot)
    } catch (error) {
      this.#fault(error, record)
      return false
    }
    if (record !== undefined) record.counters.reservationsReplaced += 1
    return true
  }

  #retire(slot: Slot, ...records: (ModuleRecord | undefined)[]): void {
    slot.retired = true
    this.retired += 1
    for (const record of records) {
      if (record === undefined) continue
      record.leftovers.add(slot)
      slot.suspects.add(record)
    }
  }

  #fault(error: unknown, record: ModuleRecord | undefined): void {
    this.lastFault = error
    if (record === undefined) this.faultsElsewhere += 1
    else record.counters.faults += 1
  }
}

function countFrom(addresses: readonly number[], { base, capacity }: SlotMemory): number {
  return firstNotBelow(addresses, base + capacity) - firstNotBelow(addresses, base)
}

/** A process may have as many mappings as slots, and both go into the tens of thousands: no search of one for each of the other. */
function firstNotBelow(addresses: readonly number[], limit: number): number {
  let low = 0
  let high = addresses.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (addresses[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}
