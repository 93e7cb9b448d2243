/** What becomes of many durations. */

/** In microseconds, except the count. */
export interface Distribution {
  readonly uses: number
  readonly p50: number
  readonly p99: number
  /** All time over all uses: pauses of the garbage collector included. */
  readonly mean: number
  readonly max: number
}

/** @param milliseconds durations of single uses */
export function distributionOf(milliseconds: readonly number[]): Distribution {
  const sorted = Float64Array.from(milliseconds).sort()
  // The nearest rank, so always one that was measured.
  const rank = (share: number): number =>
    (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN) * 1000
  const total = sorted.reduce((sum, value) => sum + value, 0)
  return {
    uses: sorted.length,
    p50: rank(0.5),
    p99: rank(0.99),
    mean: (total / sorted.length) * 1000,
    max: rank(1),
  }
}
