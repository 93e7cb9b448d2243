/** Several modules on one pool, as a table. */
import { markdownTable, rounded } from '../format.ts'
import type { BenchResults } from '../results.ts'

export function turnsTable({ turns }: BenchResults): string {
  return markdownTable(
    ['modules on 100 slots', 'strategy', 'image found', 'one use, µs: p50', 'p99', 'mean'],
    turns.map(({ strategy, order, modules, hitRate, use }) => [
      modules === 1 ? '1' : `${modules.toLocaleString('en')}, ${order}`,
      `\`${strategy}\``,
      `${(100 * hitRate).toFixed(hitRate === 0 || hitRate === 1 ? 0 : 1)} %`,
      ...[use.p50, use.p99, use.mean].map(rounded),
    ]),
  )
}
