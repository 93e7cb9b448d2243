/** One thread and two: uses a second, and what one use takes. */
import { sideTitles } from '../peers/side.ts'
import { ratioOf } from '../statistics.ts'
import { markdownTable, rounded } from './format.ts'
import type { BenchResults } from './results.ts'

function threadsTable({ threads: results }: BenchResults): string {
  const pairs = results
    .filter(({ threads }) => threads === 1)
    .map((one) => ({
      one,
      two: results.find(({ name, side, threads }) => {
        return name === one.name && side === one.side && threads === 2
      })!,
    }))
  return markdownTable(
    [
      '1 thread and 2, one use in µs',
      '1: uses a second',
      'p50',
      'p99',
      'mean',
      '2: uses a second',
      'p50',
      'p99',
      'mean',
      'uses a second, 2 of 1',
      'p50, 2 of 1',
      'p99, 2 of 1',
    ],
    pairs.map(({ one, two }) => {
      const { p50, p99 } = ratioOf(two.use, one.use)
      return [`${one.title}, ${sideTitles[one.side]}`].concat(
        [one, two].flatMap(({ use, usesPerSecond }) => {
          return [usesPerSecond, use.p50, use.p99, use.mean].map(rounded)
        }),
        [two.usesPerSecond / one.usesPerSecond, p50, p99].map((factor) => `${rounded(factor)}×`),
      )
    }),
  )
}

export function threadsSection(results: BenchResults): string {
  return `${threadsTable(results)}

Uses at the same time: worker threads with an engine each, worker threads with native instances, threads of Wasmtime on one pool, threads of the floor with
a slot each. Uses a second are of all threads together. The threads of a process share its memory map, and this machine has ${results.machine.cores} cores for
them and for what V8 does beside them.`
}
