/**
 * All slots, and the two ways a slot changes hands: handed out with a module's image in place, and taken back.
 *
 *                 take (prepare)                       giveBack / restore (reset) / clear (wipe)
 *     free ───────────────────────────► taken ───────────────────────────────────────────────────► free
 *                  │ a system call fails                │ wiping fails
 *                  ▼                                    ▼
 *               cleared, and another slot tried      address space replaced ──fails──► retired
 *
 * Invariants: a slot that is free without affinity holds no image; a slot whose clearing failed is never handed out; what
 * `take` could not use is back before it returns, so a failed call costs nobody a slot.
 */

import type { AffinityKey, IndexAllocator } from '@warmslot/index-allocator'
import type { Slot, ModuleMemory } from './records.ts'
import { isHoused } from './reservation-kinds.ts'
import type { SlotCare } from './slot-care.ts'

/** After this many failed tries to get a slot ready, the failure reaches the caller. */
const MOST_TRIES = 3

export class SlotBank {
  readonly allocator: IndexAllocator
  readonly care: SlotCare
  /** Told of each slot that is free again and has kept its image. */
  idle: { released(slot: Slot): void } | undefined = undefined

  constructor(allocator: IndexAllocator, care: SlotCare) {
    this.allocator = allocator
    this.care = care
  }

  /** A slot with the memory's image and size in place; undefined where none is free. Throws what the kernel refused. */
  take(memory: ModuleMemory): Slot | undefined {
    const index = this.allocator.allocate(memory.key)
    if (index === undefined) return undefined
    const slot = this.care.slotAt(index)
    try {
      this.care.prepare(slot, memory)
      return slot
    } catch (error) {
      return this.#takeAnother(memory, slot, error)
    }
  }

  /** Back with its affinity: nothing was done with it, or it has been reset. */
  giveBack(slot: Slot): void {
    this.allocator.free(slot.index)
  }

  /** Resets a slot and gives it back with its affinity; one that cannot be reset is cleared. */
  restore(slot: Slot): void {
    if (!this.care.reset(slot)) {
      this.clear(slot)
      return
    }
    this.allocator.free(slot.index)
    this.idle?.released(slot)
  }

  /** Takes one of the free slots affine to a memory, to be cleared. Undefined: there is none (left). */
  takeFreeSlotOf(key: AffinityKey): Slot | undefined {
    const index = this.allocator.allocateAffineAndClearAffinity(key)
    return index === undefined ? undefined : this.care.slotAt(index)
  }

  /** Removes everything from a taken slot and gives it back without affinity. False: it is retired instead. */
  clear(slot: Slot, discardReservation = false): boolean {
    this.allocator.clearAffinity(slot.index)
    const cleared = discardReservation ? this.care.replace(slot) : this.care.clear(slot)
    if (cleared) this.allocator.free(slot.index)
    return cleared
  }

  /** Tries once more to clear a retired slot. False also where another module's purge has done it already. */
  recover(slot: Slot): boolean {
    if (!slot.retired) return false
    const recovered = this.care.recover(slot)
    if (recovered) this.allocator.free(slot.index)
    return recovered
  }

  /**
   * The slots that failed stay taken until another one is found, so that the strategy names a different one each time.
   * Where no address space can be had, slots that have theirs already are searched for.
   */
  #takeAnother(memory: ModuleMemory, first: Slot, firstFailure: unknown): Slot {
    const unusable: Slot[] = []
    let failed = first
    let failure = firstFailure
    let refused = false
    try {
      for (let tries = 1; ; tries += 1) {
        const state = failed.memory?.state
        refused ||= state === undefined
        // In these the kernel had no part: another slot would fare no better.
        const hopeless = state === 'mapped' || state === 'untouched'
        this.allocator.clearAffinity(failed.index)
        if (this.care.clear(failed, memory.record)) unusable.push(failed)
        const slot =
          tries < MOST_TRIES && !hopeless ? this.#takeUnprepared(memory, refused, unusable) : undefined
        if (slot === undefined) throw failure
        try {
          this.care.prepare(slot, memory)
          return slot
        } catch (error) {
          failed = slot
          failure = error
        }
      }
    } finally {
      for (const slot of unusable) this.allocator.free(slot.index)
    }
  }

  /** A slot in use as another kind loses its image when it is passed over, so only a few are. */
  #takeUnprepared(memory: ModuleMemory, needsReservation: boolean, passedOver: Slot[]): Slot | undefined {
    for (let cleared = 0; cleared < MOST_TRIES;) {
      const index = this.allocator.allocate(memory.key)
      if (index === undefined) return undefined
      const slot = this.care.slotAt(index)
      if (!needsReservation || isHoused(slot, memory)) return slot
      this.allocator.clearAffinity(index)
      if (slot.owner !== undefined) cleared += 1
      if (this.care.clear(slot)) passedOver.push(slot)
    }
    return undefined
  }
}
