/** What a range of a slot must read as: the image's bytes where the image is, zeros elsewhere. */

import type { MemoryImage } from '../image/memory-image.ts'
import { readsAsZeros, zeroMemory } from '../system/libc.ts'

/** A border of the image, as far as `[start, stop)` reaches: between both borders it is image, the rest is zeros. */
function within(border: number, start: number, stop: number): number {
  return Math.min(Math.max(start, border), stop)
}

/** Copies image and zeros over `[start, stop)`. */
export function restore(start: number, stop: number, image: MemoryImage | undefined, base: number): void {
  if (image === undefined) {
    if (start < stop) zeroMemory(start, stop - start)
    return
  }
  const imageStart = base + image.offset
  const copyFrom = within(imageStart, start, stop)
  const copyTo = within(imageStart + image.byteLength, start, stop)
  if (start < copyFrom) zeroMemory(start, copyFrom - start)
  if (copyFrom < copyTo) image.copyTo(copyFrom, copyFrom - imageStart, copyTo - copyFrom)
  if (copyTo < stop) zeroMemory(copyTo, stop - copyTo)
}

/** Whether `[start, stop)` reads as image and zeros. */
export function isRestored(
  start: number,
  stop: number,
  image: MemoryImage | undefined,
  base: number,
): boolean {
  const imageStart = base + (image?.offset ?? 0)
  const from = within(imageStart, start, stop)
  const to = within(imageStart + (image?.byteLength ?? 0), start, stop)
  if (start < from && !readsAsZeros(start, from - start)) return false
  if (from < to && image?.matches(from, from - imageStart, to - from) !== true) return false
  return to === stop || readsAsZeros(to, stop - to)
}
