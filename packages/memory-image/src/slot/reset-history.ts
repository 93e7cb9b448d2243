/**
 * What a slot's resets left resident, and when to look whether it is still worth it.
 *
 * Every page that stays resident is copied at every reset, written or not. So one use that wrote to a thousand pages would make
 * all later ones pay for them. Now and then a reset compares instead: pages that the use has left equal to their baseline
 * go back to the kernel. Where a review finds nothing to give back, the next one comes later.
 *
 *     copy  copy ... copy  review ── gave pages back ──► the next after 8 resets
 *                             └───── all were written ──► after twice as many, 256 at most
 */

/** In resets. */
const shortestPeriod = 8
const longestPeriod = 256
/** Fewer pages are copied in less time than they are compared in. */
const fewestPages = 4

export class ResetHistory {
  /** Private pages that the last reset left resident. */
  keptPages = 0
  #period = shortestPeriod
  #resets = 0

  /** Counts a reset, and says whether it is to be a review. */
  next(): boolean {
    if (this.keptPages < fewestPages) return false
    this.#resets += 1
    if (this.#resets < this.#period) return false
    this.#resets = 0
    return true
  }

  /** @param givenBack how many pages a review gave back */
  reviewed(givenBack: number): void {
    this.#period = givenBack > 0 ? shortestPeriod : Math.min(2 * this.#period, longestPeriod)
  }
}
