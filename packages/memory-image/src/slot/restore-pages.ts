/**
 * Brings the accessible part of a slot back to image and zeros, the cheapest way first:
 *
 * 1. The private pages are known from the last reset (`resident-pages.ts`): they are copied back, nobody is asked.
 * 2. PAGEMAP_SCAN finds them; they are copied back and stay, up to a limit. What is beyond it goes back to the kernel.
 * 3. All go back to the kernel.
 *
 * What it costs (x86-64 virtual machine, Linux 6.18, Node.js 24, memory of 10 MiB over an image of 1 MiB, medians): the
 * scan 2 microseconds, the question for page faults 0.5; copying a page back that stays resident 0.2 in a row, 0.4 on its own;
 * giving a page back 0.3, and 2.2 to 2.5 more for the fault when the next use touches it. So a kept page pays off if one use
 * in five touches it, and pages are kept, lowest addresses first (a guest's stack and data lie there), up to a limit: every kept
 * page is copied at every reset, whether it was touched or not, since the kernel can tell "private", but not "written since":
 * until a review finds it untouched (`reset-history.ts`). Everything after the limit goes back in one madvise(2).
 */

import { SystemCallError } from '../errors/system-call-error.ts'
import type { MemoryImage } from '../image/memory-image.ts'
import { threadPageFaults } from '../kernel/page-faults.ts'
import { pageBytes } from '../system/libc.ts'
import { restore } from './baseline.ts'
import { givePagesBack } from './mappings.ts'
import { PageReview } from './page-review.ts'
import * as scan from './page-scan.ts'
import { ResetHistory } from './reset-history.ts'
import { ResidentPages } from './resident-pages.ts'

/** How pages were restored. */
export type Restoration = 'nothing' | 'copied-back' | 'decommitted'

/** Pages for each scan at least, so that many pages of zeros do not take many calls. */
const pagesPerScan = 512

/** Restores one slot's pages, and remembers what that left. */
export class PageRestorer {
  /** What the last reset left private. */
  readonly pages: ResidentPages = new ResidentPages()
  readonly #base: number
  readonly #history = new ResetHistory()

  constructor(base: number) {
    this.#base = base
  }

  /**
   * Restores the first `accessibleBytes`, which must be readable and writable.
   * @param thisThread whether nobody but this thread can have written, or still can
   * @returns `nothing`: no page is private
   * @throws {SystemCallError} if the kernel refuses; the pages are in an unknown state then
   */
  restore(
    accessibleBytes: number,
    image: MemoryImage | undefined,
    keepResidentBytes: number,
    thisThread: boolean,
  ): Restoration {
    const end = this.#base + accessibleBytes
    const { pages } = this
    const faults = thisThread && keepResidentBytes > 0 ? threadPageFaults() : Number.NaN
    const isReview = this.#history.next(pages.byteLength / pageBytes())
    if (!isReview && pages.byteLength <= keepResidentBytes && pages.complete(end, faults))
      return this.#copyKnown(end, image)
    pages.forget()
    if (accessibleBytes === 0) return 'nothing'
    if (keepResidentBytes > 0 && scan.canScan()) {
      try {
        const review = isReview ? new PageReview(image, this.#base, pages) : undefined
        return this.#copyFound(end, image, keepResidentBytes, review, faults)
      } catch (error) {
        // Whatever went wrong while looking or copying, giving everything back is exact as well.
        if (SystemCallError.isInstance(error) && error.syscall === 'ioctl') scan.noteScanFailure(error)
      }
    }
    this.forget()
    givePagesBack(this.#base, accessibleBytes)
    return 'decommitted'
  }

  /** Something else than a reset changes what is private. */
  forget(): void {
    this.pages.forget()
    this.#history.restart()
  }

  #copyKnown(end: number, image: MemoryImage | undefined): Restoration {
    const { pages } = this
    const count = pages.length
    for (let index = 0; index < count; index += 1) {
      const start = pages.start(index)
      // What lies behind is inaccessible now, and was restored when it became so.
      if (start >= end) break
      restore(start, Math.min(pages.end(index), end), image, this.#base)
    }
    return count > 0 ? 'copied-back' : 'nothing'
  }

  #copyFound(
    end: number,
    image: MemoryImage | undefined,
    keepResidentBytes: number,
    review: PageReview | undefined,
    faults: number,
  ): Restoration {
    const { pages } = this
    const base = this.#base
    const page = pageBytes()
    const imageStart = base + (image?.offset ?? 0)
    const imageEnd = imageStart + (image?.byteLength ?? 0)
    const historyBytes = this.#history.mostPages * page
    const mostBytes = Math.min(keepResidentBytes - (keepResidentBytes % page), historyBytes)
    let foundBytes = 0
    let gaveBack = false
    for (let position = base; position < end && !gaveBack; position = scan.scannedTo()) {
      const mayKeep = mostBytes - pages.byteLength
      const count = scan.scanPrivatePages(position, end, Math.max(pagesPerScan, mayKeep / page + 1))
      for (let index = 0; index < count; index += 1) {
        const start = scan.regionStart(index)
        const stop = scan.regionEnd(index)
        // Zeros are right outside the image. Inside it they are not: KSM can put the zero page in a written page's place.
        if (scan.regionIsZeroPage(index) && (stop <= imageStart || start >= imageEnd)) continue
        // Under memory pressure, too, pages are better given back.
        const swapped = scan.regionIsSwapped(index)
        const keepTo = swapped ? start : Math.min(stop, start + mostBytes - pages.byteLength)
        foundBytes += keepTo - start
        if (review) review.look(start, keepTo)
        else {
          restore(start, keepTo, image, base)
          pages.keep(start, keepTo)
        }
        if (keepTo === stop) continue
        givePagesBack(keepTo, end - keepTo)
        if (swapped) this.#history.restart()
        else if (mostBytes === historyBytes) this.#history.cutShort()
        gaveBack = true
        break
      }
    }
    review?.finish()
    pages.settle(end, faults)
    const equalBytes = foundBytes - pages.byteLength
    if (review) this.#history.reviewed(pages.byteLength / page, equalBytes > 0)
    if (gaveBack || equalBytes > 0) return 'decommitted'
    return foundBytes > 0 ? 'copied-back' : 'nothing'
  }
}
