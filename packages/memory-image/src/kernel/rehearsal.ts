/**
 * Takes a small image and a small slot through all that images and slots ever ask of the kernel, so that a call that a
 * seccomp profile or a security module forbids is found at the start and not at somebody's first use.
 */

import { MemoryImage } from '../image/memory-image.ts'
import { SystemCallError } from '../errors/system-call-error.ts'
import { RawReservation } from '../slot/reservation.ts'
import { SlotMemory } from '../slot/slot-memory.ts'
import { pageBytes } from '../system/libc.ts'

/** The first call that was refused; undefined: all of it works. */
export function rehearse(): SystemCallError | undefined {
  try {
    useSlot()
    return undefined
  } catch (error) {
    if (SystemCallError.isInstance(error)) return error
    throw error
  }
}

function useSlot(): void {
  const page = pageBytes()
  const image = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'rehearsal' })
  try {
    const reservation = new RawReservation(4 * page)
    try {
      // The first one copies back where the kernel scans, the second one gives back.
      for (const keepResidentBytes of [page, 0]) {
        const slot = new SlotMemory(reservation, { keepResidentBytes })
        try {
          slot.prepare(image, 2 * page)
          slot.write(0, Uint8Array.of(2))
          slot.grow(3 * page)
          slot.reset()
          slot.wipe()
        } finally {
          slot[Symbol.dispose]()
        }
      }
    } finally {
      reservation[Symbol.dispose]()
    }
  } finally {
    image.release()
  }
}
