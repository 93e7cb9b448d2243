/** What a slot accepts: reservations, sizes and addresses. Beyond them lies memory of others, so nothing is let through. */

import type { MemoryImage } from '../image/memory-image.ts'
import { pageBytes } from '../system/libc.ts'
import type { Reservation } from './reservation.ts'

/** A reservation must be made of whole pages. */
export function assertReservation({ base, byteLength }: Reservation): void {
  const page = pageBytes()
  if (!Number.isSafeInteger(base) || base <= 0 || base % page !== 0) {
    throw new RangeError(`a reservation's base must be a positive multiple of ${page}, and it is ${base}`)
  }
  if (!Number.isSafeInteger(byteLength) || byteLength <= 0 || byteLength % page !== 0) {
    throw new RangeError(
      `a reservation's byteLength must be a positive multiple of ${page}, and it is ${byteLength}`,
    )
  }
}

/** A logical size must hold the image and fit the capacity, in whole pages. */
export function assertLogicalSize(
  logicalBytes: number,
  image: MemoryImage | undefined,
  capacity: number,
): void {
  const page = pageBytes()
  const least = image === undefined ? 0 : image.offset + image.byteLength
  const valid = Number.isSafeInteger(logicalBytes) && logicalBytes % page === 0
  if (!valid || logicalBytes < least || logicalBytes > capacity) {
    throw new RangeError(
      `logicalBytes must be a multiple of ${page} from ${least} (the image's end) ` +
        `to ${capacity} (the slot's capacity), and it is ${logicalBytes}`,
    )
  }
}

/** `[address, address + length)` must lie within the logical size. */
export function assertWithin(address: number, length: number, logicalBytes: number): void {
  const valid = Number.isSafeInteger(address) && Number.isSafeInteger(length) && address >= 0 && length >= 0
  if (!valid || length > logicalBytes - address) {
    throw new RangeError(`${length} bytes at ${address} are not within the memory's ${logicalBytes} bytes`)
  }
}
