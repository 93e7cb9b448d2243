/**
 * Memory that idle slots hold goes back to the kernel: pages that resets left resident, for a next use that did not come.
 *
 *     release ─► reset, pages kept ─► idle for `idleTrimMs` ───────────┐
 *                      │              memory is short (PSI, cgroup) ───┼─► trimmed: image still mapped, nothing resident
 *                      └─ memory is short: nothing is kept             │
 *                                                       pool.trim() ───┘
 *
 * A timer ticks while some free slot holds pages, or memory is short, and only then: an idle process sleeps. Ages are counted in
 * ticks, so that a release reads no clock; a slot is trimmed when it is between `idleTrimMs` and a quarter more old.
 */

import type { Slot } from './records.ts'
import type { PoolSettings } from './pool-options.ts'
import type { SlotBank } from './slot-bank.ts'
import type { TimeSlicer } from './time-slicer.ts'

type TrimSettings = Pick<PoolSettings, 'idleTrimMs' | 'memoryPressure'>

/** How often the kernel is asked whether memory is short, in milliseconds. */
const longestTickMs = 1_000
/** Ticks until a slot is old enough, where that leaves ticks short enough. */
const fewestTicks = 4

export class IdleTrim {
  readonly #memoryPressure: (() => boolean) | undefined
  readonly #tickMs: number
  readonly #ticksUntilOld: number
  readonly #bank: SlotBank
  readonly #slicer: TimeSlicer
  #timer: NodeJS.Timeout | undefined
  #tick = 0
  /** Some slot has come back with pages since the last sweep began. */
  #cameBack = false
  #sweep: Promise<number> | undefined
  #closed = false

  constructor({ idleTrimMs, memoryPressure }: TrimSettings, bank: SlotBank, slicer: TimeSlicer) {
    this.#memoryPressure = memoryPressure
    this.#tickMs = Math.min(longestTickMs, Math.max(1, idleTrimMs / fewestTicks))
    this.#ticksUntilOld = Math.ceil(idleTrimMs / this.#tickMs) + 1
    this.#bank = bank
    this.#slicer = slicer
  }

  /** A slot was reset and is free. */
  released(slot: Slot): void {
    slot.idleSince = this.#tick
    if (slot.memory?.trimmable !== true) return
    this.#cameBack = true
    if (this.#timer === undefined) this.#start()
  }

  /** Gives back what all free slots hold, in time slices. Resolves with the number of slots that held something. */
  async trim(): Promise<number> {
    // One that is under way may have passed slots that came back since.
    await this.#sweep
    return (this.#sweep ??= this.#run(true))
  }

  /** For good. */
  close(): void {
    this.#closed = true
    this.#stop()
  }

  #start(): void {
    if (this.#closed || (this.#ticksUntilOld === Infinity && this.#memoryPressure === undefined)) return
    this.#timer = setInterval(() => this.#onTick(), this.#tickMs)
    this.#timer.unref()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #onTick(): void {
    this.#tick += 1
    const short = this.#memoryPressure?.() === true
    this.#bank.care.keepsPages = !short
    this.#sweep ??= this.#run(short)
  }

  async #run(all: boolean): Promise<number> {
    const slots = this.#bank.care.usedSlots()
    let trimmed = 0
    let holding = 0
    this.#cameBack = false
    try {
      await this.#slicer.run(() => {
        const { value: slot, done } = slots.next()
        if (done === true) return false
        // Slots in use, or waiting for a reset, have no pages to spare.
        if (slot.memory?.trimmable !== true || this.#bank.allocator.isTaken(slot.index)) return true
        if (!all && this.#tick - slot.idleSince < this.#ticksUntilOld) holding += 1
        else if (this.#bank.care.trim(slot)) trimmed += 1
        return true
      })
    } finally {
      this.#sweep = undefined
    }
    if (holding === 0 && !this.#cameBack && this.#bank.care.keepsPages) this.#stop()
    return trimmed
  }
}
