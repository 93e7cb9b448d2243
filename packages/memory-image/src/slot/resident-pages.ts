/**
 * The private pages that a slot's last reset left, known without asking the kernel again.
 *
 *     reset by scan ──► ranges + this thread's page faults ──► use ──► reset: as many faults still? the same ranges are private,
 *                                                                      and no others: copied back without a scan
 *
 * Why that is exact: a page becomes private when it is written to for the first time, by a page fault, and the kernel counts
 * the faults of each thread. No fault of this thread since, and nobody else can have written: no page has become private. The
 * other way round nothing is missed either, since all of the ranges are copied, written or not. Advice against huge pages keeps the
 * kernel from adding pages by itself.
 *
 * Pages behind the present size stay private while they are inaccessible, so ranges say how far they reach: beyond that,
 * nothing is known.
 */

/** More are not worth a list in each slot: then copying takes longer than the scan. */
const mostRanges = 64

export class ResidentPages {
  /** Start, end, start, end..., ascending. */
  readonly #borders: number[] = []
  #bytes = 0
  #rangesComplete = true
  #faults = Number.NaN
  #knownTo = 0

  /** Bytes in all the ranges, also those too many to be listed. */
  get byteLength(): number {
    return this.#bytes
  }

  /** How many ranges are listed. */
  get length(): number {
    return this.#borders.length / 2
  }

  start(index: number): number {
    return this.#borders[2 * index]!
  }

  end(index: number): number {
    return this.#borders[2 * index + 1]!
  }

  /** Whether there can be no other private pages below `end`, now that this thread has had `faults`. */
  complete(end: number, faults: number): boolean {
    return faults === this.#faults && end <= this.#knownTo
  }

  /** From here on nothing is known, until {@link settle}. */
  forget(): void {
    this.#faults = Number.NaN
    this.#borders.length = 0
    this.#bytes = 0
    this.#rangesComplete = true
  }

  /** A range behind all others that stays private. */
  keep(start: number, end: number): void {
    if (start === end) return
    const borders = this.#borders
    const { length } = borders
    this.#bytes += end - start
    if (length > 0 && borders[length - 1] === start) borders[length - 1] = end
    else if (length < 2 * mostRanges) borders.push(start, end)
    else this.#rangesComplete = false
  }

  /**
   * All private pages below `end` have been named.
   * @param faults those of this thread before they were looked for; NaN: others may go on writing
   */
  settle(end: number, faults: number): void {
    this.#faults = this.#rangesComplete ? faults : Number.NaN
    this.#knownTo = end
  }
}
