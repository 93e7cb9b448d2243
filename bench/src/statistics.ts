/** What becomes of many durations. */

/** Of one side of one case. All in microseconds, except the counts. */
export interface Distribution {
  readonly uses: number
  readonly p50: number
  readonly p99: number
  /** All time over all uses: pauses of the garbage collector included. */
  readonly mean: number
  readonly max: number
}

/** One distribution's figures over another's. */
export interface Ratio {
  readonly p50: number
  readonly p99: number
  readonly mean: number
}

export function ratioOf(above: Distribution, below: Distribution): Ratio {
  return { p50: above.p50 / below.p50, p99: above.p99 / below.p99, mean: above.mean / below.mean }
}

/** The value that a share of all is at most: the nearest rank, so always one that was measured. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('there is no percentile of nothing')
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** @param milliseconds durations of single uses */
export function distributionOf(milliseconds: Float64Array): Distribution {
  const sorted = milliseconds.toSorted()
  const total = sorted.reduce((sum, value) => sum + value, 0)
  return {
    uses: sorted.length,
    p50: percentile(sorted, 0.5) * 1000,
    p99: percentile(sorted, 0.99) * 1000,
    mean: (total / sorted.length) * 1000,
    max: percentile(sorted, 1) * 1000,
  }
}
