/** A reset that compares: what differs from its baseline is restored and kept, what does not goes back to the kernel. */

import type { MemoryImage } from '../image/memory-image.ts'
import { pageBytes } from '../system/libc.ts'
import { isRestored, restore } from './baseline.ts'
import { givePagesBack } from './mappings.ts'

export class PageReview {
  readonly #image: MemoryImage | undefined
  readonly #base: number
  readonly #kept: { keep(start: number, end: number): void }
  /** Pages that are right already, and what lies between them: not private, so that it does no harm to give that back too. */
  #equalFrom: number | undefined
  #equalTo = 0

  /** @param kept told of each range that was restored, in ascending order */
  constructor(
    image: MemoryImage | undefined,
    base: number,
    kept: { keep(start: number, end: number): void },
  ) {
    this.#image = image
    this.#base = base
    this.#kept = kept
  }

  /** Halves what differs until it is a page, so that a few written pages among many take few comparisons. */
  look(start: number, stop: number): void {
    if (start === stop) return
    if (isRestored(start, stop, this.#image, this.#base)) {
      this.#equalFrom ??= start
      this.#equalTo = stop
      return
    }
    const page = pageBytes()
    if (stop - start > page) {
      const middle = start + Math.ceil((stop - start) / page / 2) * page
      this.look(start, middle)
      this.look(middle, stop)
      return
    }
    this.finish()
    restore(start, stop, this.#image, this.#base)
    this.#kept.keep(start, stop)
  }

  /** Nothing follows. */
  finish(): void {
    if (this.#equalFrom !== undefined) givePagesBack(this.#equalFrom, this.#equalTo - this.#equalFrom)
    this.#equalFrom = undefined
  }
}
