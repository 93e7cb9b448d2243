/**
 * What a slot's uses have written to, in pages, and what to make of it: how many pages a reset keeps resident, and when it looks
 * whether they are still worth it.
 *
 * Every page that stays resident is copied at every reset, written or not. So one use that wrote to a thousand pages would make
 * all later ones pay for them:
 * - A use that wrote to far more pages than the one before keeps only some of them; the next such use in a row keeps all.
 * - Now and then a reset compares instead of copying, and gives those pages back that the use has left equal to their baseline.
 *   So does the one after a use that wrote to far more pages than the last review left.
 *
 *     copy  copy ... copy  review ── gave pages back ──► the next after 8 resets
 *                             └───── all were written ──► after twice as many, 256 at most
 *     copy of many more pages ──► review
 */

/** In resets. */
const shortestPeriod = 8
const longestPeriod = 256
/** Fewer pages are copied in less time than they are compared in. */
const fewestPages = 4
/** From so many on, and twice as many as at the last review, the next reset is one. */
const suddenPages = 32
/** So many may be kept whatever was before: copying them in a few uses that do not need them costs less than a fault each. */
const alwaysKeptPages = 16

export class ResetHistory {
  /** How many pages the reset that {@link next} has announced may keep for what the history knows. */
  mostPages: number = Infinity
  /** Private pages that the last review left resident. */
  #reviewedPages = 0
  #period = shortestPeriod
  #resets = 0
  #isFirst = true
  #wasCut = false
  /** Kept by the last reset. */
  #keptPages = 0
  /** Of them, those that are not only there because a reset was cut short there. */
  #neededPages = 0

  /** Counts a reset, and says whether it is to be a review. @param keptPages what the last one left resident */
  next(keptPages: number): boolean {
    const afterCut = this.#wasCut
    this.#wasCut = false
    if (keptPages > this.#keptPages || keptPages < this.#neededPages) this.#neededPages = keptPages
    this.#keptPages = keptPages
    const most = Math.max(alwaysKeptPages, 2 * this.#neededPages)
    this.mostPages = this.#isFirst || afterCut ? Infinity : most
    this.#isFirst = false
    if (keptPages < fewestPages) return false
    this.#resets += 1
    const sudden = keptPages >= suddenPages && keptPages > 2 * this.#reviewedPages
    if (this.#resets < this.#period && !sudden) return false
    this.#resets = 0
    return true
  }

  /** All pages went back for other reasons: what they were needed for is not known from what is kept. */
  restart(): void {
    this.#isFirst = true
  }

  /** The reset kept {@link mostPages}, and there were more. */
  cutShort(): void {
    this.#wasCut = true
    this.#keptPages = this.mostPages
    // Not in the next use already, which pays for cold caches.
    this.#resets = 0
  }

  /** A review was made, and left so many pages resident. */
  reviewed(keptPages: number, gaveBack: boolean): void {
    this.#reviewedPages = keptPages
    this.#neededPages = keptPages
    this.#period = gaveBack ? shortestPeriod : Math.min(2 * this.#period, longestPeriod)
  }
}
