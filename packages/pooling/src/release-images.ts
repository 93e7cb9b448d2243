/** The end of a module's references to its images, and what became of them. */

import type { MemoryImage } from '@warmslot/memory-image'
import type { ModuleRecord } from './records.ts'

export interface ReleasedImages {
  /** All memfds of the module, whoever holds them. */
  readonly memfdNames: readonly string[]
  /** Those that others still hold, or other threads may. */
  readonly heldElsewhere: ReadonlySet<string>
  readonly memfdsClosed: number
  readonly bytesFreed: number
}

/**
 * Drops the record's references, once. The last one closes the memfd off the event loop: freeing a large one takes the
 * kernel milliseconds.
 */
export async function releaseImages(record: ModuleRecord): Promise<ReleasedImages> {
  const released = record.holdsImages
  record.holdsImages = false
  if (released) await Promise.all(record.memories.map(({ image }) => image.releaseAsync()))
  const images = new Set<MemoryImage>(record.memories.map(({ image }) => image))
  const memfdNames: string[] = []
  const heldElsewhere = new Set<string>()
  let memfdsClosed = 0
  let bytesFreed = 0
  for (const image of images) {
    if (image.byteLength === 0) continue // all zeros: it never had a memfd
    memfdNames.push(image.memfdName)
    if (!image.closed || image.shared) heldElsewhere.add(image.memfdName)
    if (image.closed && released) {
      memfdsClosed += 1
      bytesFreed += image.byteLength
    }
  }
  return { memfdNames, heldElsewhere, memfdsClosed, bytesFreed }
}
