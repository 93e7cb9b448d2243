/** Uses in threads, as a table. */
import { markdownTable, rounded } from '../format.ts'
import type { BenchResults } from '../results.ts'

export function threadsTable({ threads }: BenchResults): string {
  return markdownTable(
    ['10 MiB, writes 10 pages', 'uses a second', 'one use, µs: p50', 'p99', 'mean'],
    threads.map(({ title, usesPerSecond, use }) => [
      title,
      rounded(usesPerSecond),
      ...[use.p50, use.p99, use.mean].map(rounded),
    ]),
  )
}
