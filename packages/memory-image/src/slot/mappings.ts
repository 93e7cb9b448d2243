/**
 * The kernel mappings of one slot, and the few ways in which they change:
 *
 *      base                                                        base + capacity
 *      | anonymous | image, MAP_PRIVATE | anonymous |  tail          |
 *      | rw        | rw                 | rw        |  PROT_NONE     |
 *                                       ^ end of image
 *                                                   ^ accessible
 *
 * - Nothing is ever unmapped: a hole could be filled by a stranger's mmap. New mappings replace old ones (MAP_FIXED).
 * - MAP_NORESERVE on all of it, so that the kernel does not account the writable part: neighbours that were accounted
 *   differently would not merge again, and each size that a memory had would leave a border behind.
 * - The anonymous part is advised against huge pages (a first touch would clear 2 MiB), all of it against fork(2): a
 *   child made by an addon must not keep images alive. Mappings with different advice do not merge, so all get it.
 */

import { SystemCallError } from '../errors/system-call-error.ts'
import * as linux from '../system/constants.ts'
import { madvise, mmap, mprotect } from '../system/libc.ts'

/**
 * How many kernel mappings a prepared slot has at most inside its reservation, whatever it went through: before the
 * image, the image, after it, the inaccessible tail. With an image from page 0 on, as most modules have, it is one less.
 * Under vm.overcommit_memory=2, where the kernel ignores MAP_NORESERVE, a border in the tail can add one.
 */
export const mappingsPerSlot = 4

/** How many mappings a reservation's guard regions (raw, or V8's) take at most in addition to {@link mappingsPerSlot}. */
export const mappingsPerReservation = 1

const anonymous = linux.MAP_PRIVATE | linux.MAP_FIXED | linux.MAP_ANONYMOUS | linux.MAP_NORESERVE

/** Advice is not needed for correctness: a kernel that was built without it (EINVAL) works as well. */
function advise(address: number, byteLength: number, advice: number): void {
  try {
    madvise(address, byteLength, advice)
  } catch (error) {
    if (!SystemCallError.isInstance(error) || error.errno !== 'EINVAL') throw error
  }
}

/** Gives new anonymous mappings the advice that all of a slot has. */
export function adviseSlot(address: number, byteLength: number): void {
  advise(address, byteLength, linux.MADV_NOHUGEPAGE)
  advise(address, byteLength, linux.MADV_DONTFORK)
}

/**
 * Gives the inaccessible address space behind a reservation the advice that a slot's own has, so that the kernel joins it to the
 * slot's tail: one mapping less for each slot, and fork(2) takes the shorter. Where the kernel refuses there is one more.
 */
export function joinGuardRegion(address: number, byteLength: number): void {
  try {
    adviseSlot(address, byteLength)
  } catch (error) {
    if (!SystemCallError.isInstance(error)) throw error
  }
}

/**
 * Replaces whatever is mapped by fresh, inaccessible, zero pages. All earlier pages go back to the kernel. They have no advice
 * yet ({@link adviseSlot}): a purge, which takes two calls the fewer, has no use for it.
 */
export function coverInaccessible(address: number, byteLength: number): void {
  mmap(address, byteLength, linux.PROT_NONE, anonymous, -1)
}

/**
 * As {@link coverInaccessible}, and does it also at the limit of mappings, where mmap(2) refuses even what would leave
 * fewer: the same protection for the whole slot lets its anonymous mappings merge first, which makes room.
 */
export function coverAtTheLimit(address: number, byteLength: number): void {
  try {
    coverInaccessible(address, byteLength)
  } catch {
    forbidAccess(address, byteLength)
    coverInaccessible(address, byteLength)
  }
}

/** Replaces whatever is mapped by fresh, writable, zero pages. All earlier pages go back to the kernel. */
export function coverWritable(address: number, byteLength: number): void {
  mmap(address, byteLength, linux.PROT_READ_WRITE, anonymous, -1)
  adviseSlot(address, byteLength)
}

/** Maps a sealed memfd copy-on-write over what is there. Returns only after the whole of it is in place. */
export function mapImage(address: number, byteLength: number, descriptor: number): void {
  const flags = linux.MAP_PRIVATE | linux.MAP_FIXED | linux.MAP_NORESERVE
  mmap(address, byteLength, linux.PROT_READ_WRITE, flags, descriptor)
}

/** Advises against fork(2) for a new image mapping. Huge pages do not concern it: its copies are single pages. */
export function adviseImage(address: number, byteLength: number): void {
  advise(address, byteLength, linux.MADV_DONTFORK)
}

/** Makes pages readable and writable. */
export function allowAccess(address: number, byteLength: number): void {
  mprotect(address, byteLength, linux.PROT_READ_WRITE)
}

/** Makes pages inaccessible. What they hold stays. */
export function forbidAccess(address: number, byteLength: number): void {
  mprotect(address, byteLength, linux.PROT_NONE)
}

/** Gives private pages back: the next access reads the image's bytes, or zeros. */
export function givePagesBack(address: number, byteLength: number): void {
  madvise(address, byteLength, linux.MADV_DONTNEED)
}
