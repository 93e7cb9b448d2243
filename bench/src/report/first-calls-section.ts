/** The first answers of interpreters: natively started, on a slot, from a snapshot. */
import { markdownTable, rounded } from './format.ts'
import type { BenchResults } from './results.ts'

export function firstCallsTable({ firstCalls }: BenchResults): string {
  const ways = ['native', 'pooled', 'snapshot'] as const
  return markdownTable(
    [
      'until the first answer, µs: p50 / p99 / mean',
      'started natively',
      'started on a slot',
      'from a snapshot',
      'p50 sooner by',
      'mean sooner by',
    ],
    firstCalls.map(({ title, ways: found, ratio }) => [
      title,
      ...ways.map((way) => [found[way].p50, found[way].p99, found[way].mean].map(rounded).join(' / ')),
      ...[ratio.p50, ratio.mean].map((factor) => `${rounded(factor)}×`),
    ]),
  )
}

export function firstCallsSection(results: BenchResults): string {
  return `${firstCallsTable(results)}

From the start until the script's result is there, the published glue's part included; starts of the three kinds by turns, ${results.amounts.firstCalls} natively.
From a snapshot (\`engine.snapshot\`): the interpreter is initialised, and with a loaded program that has been read, once. Native modules are compiled before.`
}
