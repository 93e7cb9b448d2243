/**
 * One slot's memory, as a state machine:
 *
 *                    prepare                    markDirty, write, grow
 *      untouched ---------------> mapped clean ------------------------> mapped dirty
 *          |                       ^  |  ^                                    |
 *          |               prepare |  |  |                reset              |
 *          |                       |  |  +------------------------------------+
 *          |                       |  | a system call failed half-way, anywhere
 *          |        wipe           |  v
 *          +---------------> wiped <--- unknown ------------------------> retired
 *                      ('untouched')     wipe             wipe failed
 *
 * Invariants, whatever fails:
 * - A slot is unknown from before the first system call of a change until after its last one.
 * - An unknown slot is wiped before it is used again. A wiped slot holds no page of anybody.
 * - A slot whose wipe fails is retired: it never becomes accessible again.
 * - `[logicalBytes, capacity)` of a mapped slot is PROT_NONE and reads as zero once it is made accessible.
 * - A clean mapped slot reads as image and zeros in `[0, logicalBytes)`.
 * - Every image that may be mapped here is retained by this slot.
 */

import { SlotStateError } from '../errors/slot-state-error.ts'
import { SystemCallError } from '../errors/system-call-error.ts'
import type { MemoryImage } from '../image/memory-image.ts'
import { copyFrom, copyInto } from '../system/libc.ts'
import * as mappings from './mappings.ts'
import { placeImage, resizeAccess } from './place-image.ts'
import type { Reservation } from './reservation.ts'
import { residentBytes } from './resident-bytes.ts'
import { PageRestorer, type Restoration } from './restore-pages.ts'
import { assertLogicalSize, assertReservation, assertWithin } from './slot-bounds.ts'
import { keepResidentBytesOf, type SlotMemoryOptions } from './slot-options.ts'

/**
 * - `untouched`: nothing mapped by us yet, or wiped; holds no page
 * - `mapped`: ready for use
 * - `unknown`: a system call failed half-way; the next prepare wipes first
 * - `retired`: wiping failed too, or disposed; never used again
 */
export type SlotState = 'untouched' | 'mapped' | 'unknown' | 'retired'

/** What a reset had to do. */
export type ResetResult = Restoration

/**
 * Who may have written to a slot's bytes, or may still be writing:
 * - `this-thread`: code that runs on this thread, a guest or JavaScript with a view
 * - `any-thread`: besides it a thread pool, as in an asynchronous `fs.read` into a view
 */
export type Writers = 'this-thread' | 'any-thread'

/** The memory of one slot, over a reservation of address space. */
export class SlotMemory implements Disposable {
  /** The first address. */
  readonly base: number
  /** The reservation's length in bytes. */
  readonly capacity: number
  readonly #reservation: Reservation
  readonly #keepResidentBytes: number
  readonly #restorer: PageRestorer
  #state: SlotState = 'untouched'
  /** Whether the whole reservation is covered by our own inaccessible mapping: true after a wipe. */
  #covered = false
  /** Whether the kernel has the advice that is for all of a slot. */
  #advised = false
  #image: MemoryImage | undefined
  /** While a change is under way or has failed: the image that may already be mapped too. */
  #incoming: MemoryImage | undefined
  #logicalBytes = 0
  /** The logical size that reset goes back to. */
  #baselineBytes = 0
  #dirty = false
  /** Whether other threads may have written, too. */
  #othersWrote = false
  #disposed = false

  /**
   * @param reservation must outlive this slot; nobody else may use its address space
   * @throws {RangeError} if the reservation is not made of whole pages, or an option is out of range
   */
  constructor(reservation: Reservation, options: SlotMemoryOptions = {}) {
    assertReservation(reservation)
    this.#keepResidentBytes = keepResidentBytesOf(options)
    this.#reservation = reservation
    this.base = reservation.base
    this.capacity = reservation.byteLength
    this.#restorer = new PageRestorer(this.base)
  }

  get state(): SlotState {
    return this.#state
  }

  /** The image that is mapped; undefined: none. In state `unknown` another one may be as well: see {@link mayMap}. */
  get image(): MemoryImage | undefined {
    return this.#image
  }

  /** The memory's size in bytes, as guest and host see it. 0 unless mapped. */
  get logicalBytes(): number {
    return this.#logicalBytes
  }

  /** Whether something may have been written since the baseline. */
  get dirty(): boolean {
    return this.#dirty
  }

  /** Whether some mapping of `image` may be in this slot, also when its state is `unknown`. */
  mayMap(image: MemoryImage): boolean {
    return this.#image === image || this.#incoming === image
  }

  /**
   * Makes the slot read as `image` and zeros, `logicalBytes` long, and makes that its baseline. A dirty slot is reset
   * first, an unknown one wiped.
   * @param image undefined: zeros only
   * @param logicalBytes a multiple of the page size, at most the capacity, not less than the image's end
   * @returns 'reused' if the image was mapped already and only the size had to be set, else 'mapped'
   * @throws {RangeError} if a size is not acceptable; nothing has changed then
   * @throws {ImageClosedError} if the image is closed; nothing has changed then
   * @throws {SlotStateError} if the slot is retired
   * @throws {SystemCallError} if the kernel refuses; the slot is `unknown` or `retired` then
   */
  prepare(image: MemoryImage | undefined, logicalBytes: number): 'reused' | 'mapped' {
    this.#assertUsable('prepare')
    assertLogicalSize(logicalBytes, image, this.capacity)
    const incoming = image?.retain()
    try {
      this.#settle(incoming)
      if (this.#state === 'mapped' && this.#image === incoming) {
        this.#state = 'unknown'
        resizeAccess(this.base, this.#logicalBytes, logicalBytes)
        this.#settled(logicalBytes)
        incoming?.release()
        return 'reused'
      }
    } catch (error) {
      incoming?.release()
      throw error
    }
    this.#map(incoming, logicalBytes)
    return 'mapped'
  }

  /**
   * Takes note that something ran, or wrote, since the baseline: the next reset will look.
   * @param writers `this-thread` makes resets cheaper: pages that it has no page fault for need not be looked for. Say it only
   * if it is sure. @default 'any-thread'
   */
  markDirty(writers: Writers = 'any-thread'): void {
    if (this.#state !== 'mapped') return
    this.#dirty = true
    if (writers !== 'this-thread') this.#othersWrote = true
  }

  /**
   * Makes more of the memory accessible. Also marks the slot dirty. The new part reads as zero.
   * @param logicalBytes the new size in bytes: a multiple of the page size, not less than the present one
   * @returns false if the kernel refuses or the capacity does not suffice; nothing has changed then
   * @throws {RangeError} if the size is no multiple of the page size or less than the present one
   * @throws {SlotStateError} if the slot is not mapped
   * @throws {SystemCallError} if the kernel neither does it nor takes back what it did; the slot is `unknown` then
   */
  grow(logicalBytes: number): boolean {
    this.#assertMapped('grow')
    if (logicalBytes > this.capacity) return false
    assertLogicalSize(logicalBytes, undefined, this.capacity)
    const before = this.#logicalBytes
    if (logicalBytes < before) {
      throw new RangeError(`a memory cannot shrink from ${before} to ${logicalBytes} bytes`)
    }
    if (logicalBytes === before) return true
    this.#dirty = true
    try {
      mappings.allowAccess(this.base + before, logicalBytes - before)
    } catch (error) {
      if (!SystemCallError.isInstance(error)) throw error
      // A part of it may be accessible now: take that back.
      this.#state = 'unknown'
      mappings.forbidAccess(this.base + before, logicalBytes - before)
      this.#state = 'mapped'
      return false
    }
    this.#logicalBytes = logicalBytes
    return true
  }

  /**
   * Brings memory and logical size back to what {@link prepare} made, the cheapest way:
   * - `nothing`: the slot is clean, or no page of it private
   * - `copied-back`: private pages, known or found by PAGEMAP_SCAN, were restored by copying, and stay resident
   * - `decommitted`: some or all private pages were given back to the kernel
   * @param keepResidentBytes how much may stay resident this time. @default the slot's option
   * @throws {SlotStateError} if the slot is not mapped
   * @throws {SystemCallError} if the kernel refuses; the slot is `unknown` then
   */
  reset(keepResidentBytes: number = this.#keepResidentBytes): ResetResult {
    this.#assertMapped('reset')
    if (!this.#dirty) return 'nothing'
    this.#state = 'unknown'
    const how = this.#restorer.restore(this.#logicalBytes, this.#image, keepResidentBytes, !this.#othersWrote)
    resizeAccess(this.base, this.#logicalBytes, this.#baselineBytes)
    this.#settled(this.#baselineBytes)
    return how
  }

  /** Whether resets have left pages resident here, and nothing has been written since: what {@link trim} gives back. */
  get trimmable(): boolean {
    return this.#state === 'mapped' && !this.#dirty && this.#restorer.pages.byteLength > 0
  }

  /**
   * Gives the pages that resets left resident back to the kernel. The slot reads as before; the next use takes page faults
   * again. Does nothing where there are none.
   * @throws {SystemCallError} if the kernel refuses; the slot is as it was, and is `trimmable` again after its next reset
   */
  trim(): void {
    if (!this.trimmable) return
    this.#restorer.forget()
    // All of it: what was kept may lie where a larger size of an earlier use reached.
    mappings.givePagesBack(this.base, this.capacity)
  }

  /**
   * Removes everything: no image, no page, all of it inaccessible. The slot is `untouched` again.
   * @throws {SlotStateError} if the slot is retired
   * @throws {SystemCallError} if the kernel refuses; the slot is `retired` then, for good
   */
  wipe(): void {
    this.#assertUsable('wipe')
    if (this.#state === 'untouched' && this.#covered) return
    this.#state = 'unknown'
    this.#logicalBytes = 0
    this.#baselineBytes = 0
    this.#dirty = false
    this.#othersWrote = false
    this.#restorer.forget()
    this.#advised = false
    try {
      mappings.coverAtTheLimit(this.base, this.capacity)
    } catch (error) {
      this.#retire()
      throw error
    }
    this.#state = 'untouched'
    this.#covered = true
    this.#releaseImages()
  }

  /** Private memory that this slot takes now, in bytes, from the kernel. */
  residentBytes(): number {
    return this.#reservation.base === this.base ? residentBytes(this.base, this.capacity) : 0
  }

  /**
   * A copy of `length` bytes at `address` (an offset in the memory).
   * @throws {RangeError} if that is not within the logical size
   * @throws {SlotStateError} if the slot is not mapped
   */
  read(address: number, length: number): Uint8Array {
    this.#assertMapped('read')
    assertWithin(address, length, this.#logicalBytes)
    const bytes = new Uint8Array(length)
    copyFrom(this.base + address, bytes)
    return bytes
  }

  /**
   * Writes a copy of `bytes` at `address` (an offset in the memory) and marks the slot dirty.
   * @throws as {@link read} does
   */
  write(address: number, bytes: Uint8Array): void {
    this.#assertMapped('write')
    assertWithin(address, bytes.byteLength, this.#logicalBytes)
    this.#dirty = true
    copyInto(this.base + address, bytes)
  }

  /**
   * Removes everything, retires the slot and lets go of its image. What could not be removed when a slot was retired is
   * tried once more. Do it before the reservation goes. Throws nothing; a second call does nothing.
   */
  [Symbol.dispose](): void {
    const holdsNothing = this.#state === 'untouched'
    this.#state = 'retired'
    if (!holdsNothing && !this.#disposed && this.#reservation.base === this.base) {
      try {
        mappings.coverAtTheLimit(this.base, this.capacity)
      } catch {
        this.#retire()
      }
    }
    this.#disposed = true
    this.#releaseImages()
  }

  /** Before another image comes in: afterwards the slot is untouched, or mapped (clean if it holds the same image). */
  #settle(image: MemoryImage | undefined): void {
    if (this.#state === 'mapped' && this.#dirty && this.#image === image) {
      try {
        this.reset()
      } catch (error) {
        if (!SystemCallError.isInstance(error)) throw error
      }
    }
    if (this.#state === 'unknown') this.wipe()
  }

  #map(incoming: MemoryImage | undefined, logicalBytes: number): void {
    this.#state = 'unknown'
    this.#incoming = incoming
    this.#restorer.forget()
    if (!this.#covered) {
      mappings.coverInaccessible(this.base, this.capacity)
      this.#covered = true
    }
    if (!this.#advised) {
      mappings.adviseSlot(this.base, this.capacity)
      this.#advised = true
    }
    const { base } = this
    placeImage(
      { base, image: this.#image, accessibleBytes: this.#logicalBytes, clean: !this.#dirty },
      incoming,
      logicalBytes,
    )
    this.#image?.release()
    this.#image = incoming
    this.#incoming = undefined
    this.#settled(logicalBytes)
  }

  #settled(logicalBytes: number): void {
    this.#logicalBytes = logicalBytes
    this.#baselineBytes = logicalBytes
    this.#dirty = false
    this.#othersWrote = false
    this.#state = 'mapped'
  }

  /** Best effort: whatever still works of making it empty and inaccessible. Nobody will use it again. */
  #retire(): void {
    this.#state = 'retired'
    for (const change of [mappings.givePagesBack, mappings.forbidAccess]) {
      try {
        change(this.base, this.capacity)
      } catch {
        // The error that led here is the one to report.
      }
    }
    this.#releaseImages()
  }

  #releaseImages(): void {
    this.#image?.release()
    this.#incoming?.release()
    this.#image = undefined
    this.#incoming = undefined
  }

  #assertUsable(operation: string): void {
    if (this.#state === 'retired') {
      throw new SlotStateError(operation, 'retired', 'make a new slot over another reservation')
    }
    // A disposed reservation's addresses may belong to somebody else by now.
    if (this.#reservation.base !== this.base) {
      throw new SlotStateError(operation, 'without its reservation', 'dispose slots before their reservation')
    }
  }

  #assertMapped(operation: string): void {
    this.#assertUsable(operation)
    if (this.#state !== 'mapped') throw new SlotStateError(operation, this.#state, 'call prepare() first')
  }
}
