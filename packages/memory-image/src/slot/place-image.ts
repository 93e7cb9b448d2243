/** Maps another image into a slot, with as few system calls as its present content allows. */

import type { MemoryImage } from '../image/memory-image.ts'
import * as mappings from './mappings.ts'

/** What a slot holds before the change. */
export interface Present {
  readonly base: number
  readonly image: MemoryImage | undefined
  /** `[0, accessibleBytes)` is writable, the rest inaccessible and zero. */
  readonly accessibleBytes: number
  /** Whether the accessible part reads as image and zeros. */
  readonly clean: boolean
}

/**
 * Makes the slot read as `image` and zeros in `[0, logicalBytes)`, and inaccessible beyond.
 * @throws {SystemCallError} if the kernel refuses; some of it may be done then
 */
export function placeImage(present: Present, image: MemoryImage | undefined, logicalBytes: number): void {
  if (present.clean && covers(image, present.image)) {
    // The new mapping hides the whole of the old one, and all else is zero already.
    resizeAccess(present.base, present.accessibleBytes, logicalBytes)
  } else {
    replaceAccessible(present, logicalBytes)
  }
  if (image?.descriptor !== undefined) {
    const start = present.base + image.offset
    mappings.mapImage(start, image.byteLength, image.descriptor)
    mappings.adviseImage(start, image.byteLength)
  }
}

/** Moves the border between the accessible part and the tail. */
export function resizeAccess(base: number, fromBytes: number, toBytes: number): void {
  if (toBytes > fromBytes) mappings.allowAccess(base + fromBytes, toBytes - fromBytes)
  else if (toBytes < fromBytes) mappings.forbidAccess(base + toBytes, fromBytes - toBytes)
}

/** One fresh mapping over all that was or will be accessible: old image, old pages and borders are gone. */
function replaceAccessible({ base, accessibleBytes }: Present, logicalBytes: number): void {
  const bytes = Math.max(accessibleBytes, logicalBytes)
  if (bytes === 0) return
  mappings.coverWritable(base, bytes)
  if (logicalBytes < bytes) mappings.forbidAccess(base + logicalBytes, bytes - logicalBytes)
}

function covers(image: MemoryImage | undefined, old: MemoryImage | undefined): boolean {
  if (old === undefined || old.byteLength === 0) return true
  if (image === undefined || image.byteLength === 0) return false
  return image.offset <= old.offset && image.offset + image.byteLength >= old.offset + old.byteLength
}
