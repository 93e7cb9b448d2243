/**
 * Brings the accessible part of a slot back to image and zeros, the cheapest way first.
 *
 * What it costs (x86-64 virtual machine, Linux 6.18, Node.js 24, memory of 10 MiB over an image of 1 MiB, medians): the
 * scan 2 microseconds; copying a page back that stays resident 0.2 in a row, 0.4 on its own; giving a page back 0.3, and
 * 2.2 to 2.5 more for the fault when the next use touches it. So a kept page pays off if one use in five touches it, and
 * pages are kept, lowest addresses first (a guest's stack and data lie there), up to a limit: every kept page is copied
 * at every reset, whether it was touched or not, since the kernel can tell "private", but not "written since": until a review
 * finds it untouched (`reset-history.ts`). Everything after the limit goes back in one madvise(2).
 */

import { SystemCallError } from '../errors/system-call-error.ts'
import type { MemoryImage } from '../image/memory-image.ts'
import { pageBytes, readsAsZeros, zeroMemory } from '../system/libc.ts'
import { givePagesBack } from './mappings.ts'
import * as scan from './page-scan.ts'
import type { ResetHistory } from './reset-history.ts'

/** How pages were restored. */
export type Restoration = 'copied-back' | 'decommitted'

/** Pages for each scan at least, so that many pages of zeros do not take many calls. */
const pagesPerScan = 512

/**
 * Restores `[base, base + accessibleBytes)`, which must be readable and writable.
 * @throws {SystemCallError} if the kernel refuses; the pages are in an unknown state then
 */
export function restorePages(
  base: number,
  accessibleBytes: number,
  image: MemoryImage | undefined,
  keepResidentBytes: number,
  history: ResetHistory,
): Restoration {
  const review = history.next()
  history.keptPages = 0
  if (accessibleBytes === 0) return 'copied-back'
  if (keepResidentBytes > 0 && scan.canScan()) {
    try {
      return copyBack(base, base + accessibleBytes, image, keepResidentBytes, history, review)
    } catch (error) {
      // Whatever went wrong while looking or copying, giving everything back is exact as well.
      if (SystemCallError.isInstance(error) && error.syscall === 'ioctl') scan.noteScanFailure(error)
    }
  }
  givePagesBack(base, accessibleBytes)
  return 'decommitted'
}

function copyBack(
  base: number,
  end: number,
  image: MemoryImage | undefined,
  keepResidentBytes: number,
  history: ResetHistory,
  review: boolean,
): Restoration {
  const page = pageBytes()
  const imageStart = base + (image?.offset ?? 0)
  const imageEnd = imageStart + (image?.byteLength ?? 0)
  let mayKeep = keepResidentBytes - (keepResidentBytes % page)
  let kept = 0
  let givenBack = 0
  for (let position = base; position < end; position = scan.scannedTo()) {
    const count = scan.scanPrivatePages(position, end, Math.max(pagesPerScan, mayKeep / page + 1))
    for (let index = 0; index < count; index += 1) {
      const start = scan.regionStart(index)
      const stop = scan.regionEnd(index)
      // Zeros are right outside the image. Inside it they are not: KSM can put the zero page in a written page's place.
      if (scan.regionIsZeroPage(index) && (stop <= imageStart || start >= imageEnd)) continue
      // Under memory pressure, too, pages are better given back.
      const keepTo = scan.regionIsSwapped(index) ? start : Math.min(stop, start + mayKeep)
      const equal = review ? giveEqualPagesBack(start, keepTo, image, imageStart, imageEnd) : 0
      if (!review) restore(start, keepTo, image, imageStart, imageEnd)
      givenBack += equal
      kept += (keepTo - start) / page - equal
      mayKeep -= keepTo - start - equal * page
      if (keepTo < stop) {
        givePagesBack(keepTo, end - keepTo)
        history.keptPages = kept
        if (review) history.reviewed(givenBack)
        return 'decommitted'
      }
    }
  }
  history.keptPages = kept
  if (review) history.reviewed(givenBack)
  return givenBack > 0 ? 'decommitted' : 'copied-back'
}

/** A border of the image, as far as `[start, stop)` reaches: between both borders it is image, the rest is zeros. */
function within(border: number, start: number, stop: number): number {
  return Math.min(Math.max(start, border), stop)
}

/** Copies image and zeros over `[start, stop)`. */
function restore(
  start: number,
  stop: number,
  image: MemoryImage | undefined,
  imageStart: number,
  imageEnd: number,
): void {
  const copyFrom = within(imageStart, start, stop)
  const copyTo = within(imageEnd, start, stop)
  if (start < copyFrom) zeroMemory(start, copyFrom - start)
  if (copyFrom < copyTo) image?.copyTo(copyFrom, copyFrom - imageStart, copyTo - copyFrom)
  if (copyTo < stop) zeroMemory(copyTo, stop - copyTo)
}

/**
 * The same, but for pages that are right already: they go. Returns how many these were. Halves what differs until it is a
 * page, so that a few written pages among many take few comparisons.
 */
function giveEqualPagesBack(
  start: number,
  stop: number,
  image: MemoryImage | undefined,
  imageStart: number,
  imageEnd: number,
): number {
  const page = pageBytes()
  let equalBytes = 0
  let equalFrom = start
  const look = (from: number, to: number): void => {
    if (isRestored(from, to, image, imageStart, imageEnd)) {
      equalBytes += to - from
    } else if (to - from > page) {
      const middle = from + Math.ceil((to - from) / page / 2) * page
      look(from, middle)
      look(middle, to)
    } else {
      restore(from, to, image, imageStart, imageEnd)
      if (equalFrom < from) givePagesBack(equalFrom, from - equalFrom)
      equalFrom = to
    }
  }
  if (start < stop) look(start, stop)
  if (equalFrom < stop) givePagesBack(equalFrom, stop - equalFrom)
  return equalBytes / page
}

/** Whether `[start, stop)` reads as image and zeros. */
function isRestored(
  start: number,
  stop: number,
  image: MemoryImage | undefined,
  imageStart: number,
  imageEnd: number,
): boolean {
  const from = within(imageStart, start, stop)
  const to = within(imageEnd, start, stop)
  if (start < from && !readsAsZeros(start, from - start)) return false
  if (from < to && image?.matches(from, from - imageStart, to - from) !== true) return false
  return to === stop || readsAsZeros(to, stop - to)
}
