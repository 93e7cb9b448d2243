/**
 * Both sides by turns, each second time in the opposite order:
 *
 *     native | pooled | pooled | native | native | ...
 *
 * so that what the machine does otherwise meets both.
 */
import type { Comparison } from './bench-plan.ts'
import { distributionOf } from './statistics.ts'

/** One use; returns how long it took, in milliseconds. */
export type TimedUse = () => number

export interface Sides {
  readonly native: TimedUse
  readonly pooled: TimedUse
}

const turns = 20

/** A turn has one use at least, so slow modules take longer than `durationMs`. */
export function measureByTurns(sides: Sides, durationMs: number): Comparison {
  const durations = { native: [] as number[], pooled: [] as number[] }
  const end = performance.now() + durationMs
  const turn = (name: keyof Sides): void => {
    const turnEnd = performance.now() + durationMs / turns
    do durations[name].push(sides[name]())
    while (performance.now() < turnEnd)
  }
  do {
    for (const name of ['native', 'pooled', 'pooled', 'native'] as const) turn(name)
  } while (performance.now() < end)
  return comparisonOf(durations)
}

function comparisonOf(durations: Record<keyof Sides, readonly number[]>): Comparison {
  const [native, pooled] = [distributionOf(durations.native), distributionOf(durations.pooled)]
  const ratio = {
    p50: native.p50 / pooled.p50,
    p99: native.p99 / pooled.p99,
    mean: native.mean / pooled.mean,
  }
  return { native, pooled, ratio }
}
