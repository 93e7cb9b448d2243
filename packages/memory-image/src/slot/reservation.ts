/**
 * Address space for one slot. Whoever lends it (an engine: a V8 memory; here: raw mmap) keeps it alive for longer
 * than the SlotMemory over it.
 */

import * as linux from '../system/constants.ts'
import { mmap, munmap, pageBytes } from '../system/libc.ts'
import { adviseSlot } from './mappings.ts'

/** Address space that a slot may use: `[base, base + byteLength)`. Both are multiples of the page size. */
export interface Reservation {
  /** The first address. */
  readonly base: number
  /** In bytes. */
  readonly byteLength: number
}

/** How a raw reservation is made. */
export interface RawReservationOptions {
  /**
   * Inaccessible address space before and after the reservation, in bytes each, rounded up to pages.
   * @default 65536
   */
  readonly guardBytes?: number
}

const defaultGuardBytes = 65_536

/**
 * Address space straight from mmap(2), inaccessible until a slot uses it:
 *
 *      [ guard ][ base ........ base + byteLength ][ guard ]
 *
 * No memory is used for it. Once disposed it reads as base 0, byteLength 0, and slots over it refuse to work.
 */
export class RawReservation implements Reservation, Disposable {
  #base: number
  #byteLength: number
  readonly #guardBytes: number

  /**
   * @param byteLength what a slot may use, in bytes; a multiple of the page size, greater than 0
   * @throws {RangeError} if a size is not acceptable
   * @throws {SystemCallError} if the address space cannot be had
   */
  constructor(byteLength: number, options: RawReservationOptions = {}) {
    const page = pageBytes()
    const guardBytes = options.guardBytes ?? defaultGuardBytes
    if (!Number.isSafeInteger(byteLength) || byteLength <= 0 || byteLength % page !== 0) {
      throw new RangeError(
        `a reservation's byteLength must be a positive multiple of ${page}, and it is ${byteLength}`,
      )
    }
    if (!Number.isSafeInteger(guardBytes) || guardBytes < 0) {
      throw new RangeError(`guardBytes must be a safe integer >= 0, and it is ${guardBytes}`)
    }
    this.#guardBytes = Math.ceil(guardBytes / page) * page
    const flags = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS | linux.MAP_NORESERVE
    const start = mmap(0, byteLength + 2 * this.#guardBytes, linux.PROT_NONE, flags, -1)
    this.#base = start + this.#guardBytes
    this.#byteLength = byteLength
    try {
      // The same advice as a slot's own mappings get: the kernel merges neighbours that are alike.
      adviseSlot(start, byteLength + 2 * this.#guardBytes)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  get base(): number {
    return this.#base
  }

  get byteLength(): number {
    return this.#byteLength
  }

  /**
   * Gives the address space back, with all that is mapped in it. Slots over it should be disposed first. A second call
   * does nothing.
   * @throws {SystemCallError} if the kernel refuses (too many mappings); nothing has changed then
   */
  [Symbol.dispose](): void {
    if (this.#byteLength === 0) return
    munmap(this.#base - this.#guardBytes, this.#byteLength + 2 * this.#guardBytes)
    this.#base = 0
    this.#byteLength = 0
  }
}
