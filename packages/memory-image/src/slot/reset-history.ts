/**
 * What a slot's resets left resident, and when to look whether it is still worth it.
 *
 * Every page that stays resident is copied at every reset, written or not. So one use that wrote to a thousand pages would make
 * all later ones pay for them. Now and then a reset compares instead: pages that the use has left equal to their baseline
 * go back to the kernel. Where a review finds nothing to give back, the next one comes later; where a use has written to far more
 * pages than were kept at the last review, the next use's reset is one.
 *
 *     copy  copy ... copy  review ── gave pages back ──► the next after 8 resets
 *                             └───── all were written ──► after twice as many, 256 at most
 *     copy, of many more pages ──► review
 */

/** In resets. */
const shortestPeriod = 8
const longestPeriod = 256
/** Fewer pages are copied in less time than they are compared in. */
const fewestPages = 4
/** From so many on, and twice as many as at the last review, the next reset is one. */
const suddenPages = 32

export class ResetHistory {
  /** Private pages that the last reset left resident. */
  keptPages = 0
  /** The same at the last review. */
  #reviewedPages = 0
  #period = shortestPeriod
  #resets = 0

  /** Counts a reset, and says whether it is to be a review. */
  next(): boolean {
    const { keptPages } = this
    if (keptPages < fewestPages) return false
    this.#resets += 1
    if (this.#resets < this.#period && (keptPages < suddenPages || keptPages <= 2 * this.#reviewedPages))
      return false
    this.#resets = 0
    return true
  }

  /** A review was made, and {@link keptPages} is what it left. @param givenBack how many pages it gave back */
  reviewed(givenBack: number): void {
    this.#reviewedPages = this.keptPages
    this.#period = givenBack > 0 ? shortestPeriod : Math.min(2 * this.#period, longestPeriod)
  }
}
