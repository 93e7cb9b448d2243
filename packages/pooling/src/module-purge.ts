/**
 * The purge of one module: every trace of it is removed from all slots, whatever the strategy.
 *
 *     free slots ──────── one by one, in time slices: take, clear, free ──┐
 *     queued for reset ── the same ───────────────────────────────────────┤
 *     retired ─────────── tried once more ────────────────────────────────┼─► references dropped ─► kernel asked ─► receipt
 *     in use ──────────── cleared when their lease is released ───────────┘
 *
 * A slot is taken, cleared and given back within one step, with nobody else running in between. So nobody ever sees it
 * missing, and no caller fails because of a purge. What is given back has no affinity: the next stranger takes it before
 * it would take a live module's slot.
 */

import type { SlotIndex } from '@warmslot/index-allocator'
import { imageAddresses } from '@warmslot/memory-image'
import type { KernelQuestions } from './kernel-questions.ts'
import type { ModuleRecord, SlotCollector, Slot } from './records.ts'
import type { PurgeReceipt } from './purge-receipt.ts'
import { releaseImages } from './release-images.ts'
import type { ResetQueue } from './reset-queue.ts'
import type { SlotBank } from './slot-bank.ts'
import type { TimeSlicer } from './time-slicer.ts'

/** What a purge needs of its pool. */
export interface PurgeRoom {
  readonly bank: SlotBank
  readonly queue: ResetQueue
  readonly slicer: TimeSlicer
  readonly kernel: KernelQuestions
  readonly clock: () => number
  /** Told when a retired slot can be used again, or one had to be retired: somebody may wait for it. */
  readonly retirementsChanged: () => void
}

export class ModulePurge implements SlotCollector {
  readonly #room: PurgeRoom
  readonly #record: ModuleRecord
  readonly #retired: Slot[]
  readonly #returned: Promise<void>
  #markReturned: () => void = () => {}
  #memory = 0
  #slotsCleared = 0
  #mappingsRemoved = 0
  #bytesRemoved = 0
  #waitedForInstances = 0
  #waitedInQueue = 0

  constructor(room: PurgeRoom, record: ModuleRecord) {
    this.#room = room
    this.#record = record
    this.#retired = [...record.leftovers]
    this.#returned = new Promise((resolve) => (this.#markReturned = resolve))
    if (record.leases === 0) this.#markReturned()
  }

  async run(): Promise<PurgeReceipt> {
    const { slicer, kernel, clock } = this.#room
    const record = this.#record
    const start = clock()
    const { slices, longestSliceMs } = await slicer.run(() => this.#step())
    await this.#returned
    const images = await releaseImages(record)
    const answer = await kernel.ask(images.memfdNames)
    const failedSlots: SlotIndex[] = Array.from(record.leftovers, (slot) => slot.index)
    const unexplained = answer.tracesOutside(images.heldElsewhere) + (await this.#strays())
    return {
      moduleId: record.id,
      moduleLabel: record.label,
      complete: failedSlots.length === 0 && unexplained === 0,
      slotsCleared: this.#slotsCleared,
      mappingsRemoved: this.#mappingsRemoved,
      bytesRemoved: this.#bytesRemoved,
      waitedForInstances: this.#waitedForInstances,
      waitedInQueue: this.#waitedInQueue,
      failedSlots,
      memfdsClosed: images.memfdsClosed,
      memfdBytesFreed: images.bytesFreed,
      imagesHeldElsewhere: images.heldElsewhere.size,
      kernel: { mappings: answer.mappings, descriptors: answer.descriptors },
      kernelUnknownBecause: answer.unknownBecause,
      durationMs: clock() - start,
      slices,
      longestSliceMs,
    }
  }

  /**
   * Mappings in this pool's slots of images that only other threads can hold now, since in this one no module has them any more;
   * `NaN` where that cannot be told.
   */
  async #strays(): Promise<number> {
    const images = this.#record.memories.map(({ image }) => image)
    const others = images.filter((image) => image.shared && image.byteLength > 0 && !image.openInThread)
    if (others.length === 0) return 0
    try {
      const addresses = await imageAddresses(new Set(others.map(({ memfdName }) => memfdName)))
      return this.#room.bank.care.countWithin(addresses)
    } catch {
      return NaN
    }
  }

  takeFromQueue(slot: Slot): void {
    this.#waitedInQueue += 1
    this.#clear(slot, false)
  }

  takeFromInstance(slot: Slot, discardReservation: boolean): void {
    this.#waitedForInstances += 1
    this.#clear(slot, discardReservation)
  }

  leasesReturned(): void {
    this.#markReturned()
  }

  /** Clears one slot. False: none is left but those in use. */
  #step(): boolean {
    const { bank, queue } = this.#room
    const retired = this.#retired.pop()
    if (retired !== undefined) {
      this.#recover(retired)
      return true
    }
    const queued = queue.takeOfModule(this.#record)
    if (queued !== undefined) {
      this.takeFromQueue(queued)
      return true
    }
    for (; this.#memory < this.#record.memories.length; this.#memory += 1) {
      const slot = bank.takeFreeSlotOf(this.#record.memories[this.#memory]?.key as number)
      if (slot === undefined) continue
      this.#clear(slot, false)
      return true
    }
    return false
  }

  #clear(slot: Slot, discardReservation: boolean): void {
    const imageBytes = slot.memory?.image?.byteLength ?? 0
    if (this.#room.bank.clear(slot, discardReservation)) this.#count(imageBytes)
    else this.#room.retirementsChanged()
  }

  #recover(slot: Slot): void {
    const imageBytes = slot.lostImageBytes
    if (!this.#room.bank.recover(slot)) return
    this.#count(imageBytes)
    this.#room.retirementsChanged()
  }

  #count(imageBytes: number): void {
    this.#slotsCleared += 1
    this.#record.counters.slotsPurged += 1
    if (imageBytes === 0) return
    this.#mappingsRemoved += 1
    this.#bytesRemoved += imageBytes
  }
}
