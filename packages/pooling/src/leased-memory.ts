/**
 * One memory of a lease: a slot while it is in the holder's hands. It is made anew for each lease, so that one that was
 * kept for too long fails (`LeaseReleasedError`) and never reaches the slot of the next holder.
 */

import { InvalidOptionError, type SlotIndex } from '@warmslot/index-allocator'
import type { Reservation, SlotMemory } from '@warmslot/memory-image'
import { LeaseReleasedError } from './errors/lease-released-error.ts'
import type { ModuleMemory, Slot } from './records.ts'

let make: (slot: Slot, memory: ModuleMemory) => LeasedMemory
let takeSlot: (leased: LeasedMemory) => Slot

export class LeasedMemory {
  /** Number of the slot, for messages; it may be read after the release too. */
  readonly slot: SlotIndex
  /** The slot came with this memory's image mapped by an earlier use of the same module. Only then is there an `attachment`. */
  readonly reused: boolean
  readonly #mostBytes: number
  #slot: Slot | undefined

  static {
    make = (slot, memory) => new LeasedMemory(slot, memory)
    takeSlot = (leased) => {
      const slot = leased.#use()
      leased.#slot = undefined
      return slot
    }
  }

  /** Made by `Pool.acquire`. */
  private constructor(slot: Slot, memory: ModuleMemory) {
    this.slot = slot.index
    this.reused = slot.reused
    this.#mostBytes = memory.mostBytes
    this.#slot = slot
  }

  /**
   * The slot's bytes. Whoever writes to them otherwise than by `memory.write` (a guest, a view) calls `memory.markDirty()`
   * first: a slot that is not dirty is not reset. Do not keep it beyond the release: it goes on to the next holder.
   * @throws LeaseReleasedError after the release
   */
  get memory(): SlotMemory {
    return this.#use().memory as SlotMemory
  }

  /** The slot's address space. @throws LeaseReleasedError after the release */
  get reservation(): Reservation {
    return this.#use().reservation as Reservation
  }

  /**
   * What the holder left here for the next use by the same module, a live instance for example. Forgotten where the
   * slot goes to another module, is purged, or is cleared for any reason. @throws LeaseReleasedError after the release
   */
  get attachment(): unknown {
    return this.#use().attachment
  }

  set attachment(value: unknown) {
    this.#use().attachment = value
  }

  /**
   * Makes the memory larger, to `logicalBytes` in all (a multiple of 65,536, at least the present size).
   * @returns false, with nothing changed, beyond `maximumBytes` or `slotBytes`, or where the kernel refuses
   * @throws SystemCallError (`@warmslot/memory-image`) where the kernel refused half-way, and to take it back too: the memory
   * cannot be used any more, release the lease
   * @throws InvalidOptionError for a size that is no size, or smaller
   * @throws LeaseReleasedError after the release
   */
  grow(logicalBytes: number): boolean {
    const memory = this.memory
    if (
      !Number.isSafeInteger(logicalBytes) ||
      logicalBytes < memory.logicalBytes ||
      logicalBytes % 65_536 !== 0
    ) {
      const expected = `a multiple of 65,536 from ${memory.logicalBytes} on (a memory never shrinks)`
      throw new InvalidOptionError('logicalBytes', expected, logicalBytes)
    }
    if (logicalBytes > this.#mostBytes) return false
    return logicalBytes === memory.logicalBytes || memory.grow(logicalBytes)
  }

  #use(): Slot {
    if (this.#slot === undefined) throw new LeaseReleasedError()
    return this.#slot
  }
}

/** Puts a slot into its new holder's hands. */
export function leaseSlot(slot: Slot, memory: ModuleMemory): LeasedMemory {
  return make(slot, memory)
}

/** Takes the slot out of a leased memory, which is of no use afterwards. */
export function revoke(leased: LeasedMemory): Slot {
  return takeSlot(leased)
}
