/** Whole uses of published modules, as a table. */
import { markdownTable, rounded } from '../format.ts'
import type { BenchResults } from '../results.ts'

export function wholeUsesTable({ wholeUses }: BenchResults): string {
  return markdownTable(
    [
      'a whole use, glue and work, µs: p50 / p99 / mean',
      'native',
      'pooled',
      'p50 faster by',
      'mean faster by',
    ],
    wholeUses.map(({ title, native, pooled, ratio }) => [
      title,
      ...[native, pooled].map(({ p50, p99, mean }) => [p50, p99, mean].map(rounded).join(' / ')),
      ...[ratio.p50, ratio.mean].map((factor) => `${rounded(factor)}×`),
    ]),
  )
}
