/** The small guests on all sides: what each took, and what the pool took of it. */
import type { SideResults } from '../peers/by-turns.ts'
import { type SideName, sideNames, sideTitles } from '../peers/side.ts'
import { type Distribution, ratioOf } from '../statistics.ts'
import { markdownTable, rounded } from './format.ts'
import type { BenchResults } from './results.ts'

/** The pooled side's p50, p99 and mean over another's; a dash where that was not there. */
function over(pooled: Distribution | undefined, other: Distribution | undefined): string {
  if (pooled === undefined || other === undefined) return '–'
  const { p50, p99, mean } = ratioOf(pooled, other)
  return [p50, p99, mean].map(rounded).join(' / ')
}

/** Those of the sides that are in at least one row. */
function sidesIn(rows: readonly { readonly sides: SideResults<SideName> }[]): SideName[] {
  return sideNames.filter((side) => rows.some(({ sides }) => sides[side] !== undefined))
}

function peersTable({ peers }: BenchResults): string {
  const sides = sidesIn(peers)
  return markdownTable(
    ['one use, µs: p50 / p99 / mean', ...sides.map((side) => sideTitles[side])],
    peers.map(({ title, sides: found }) => [
      title,
      ...sides.map((side) => {
        const one = found[side]
        return one === undefined ? '–' : [one.p50, one.p99, one.mean].map(rounded).join(' / ')
      }),
    ]),
  )
}

function peerRatiosTable({ peers }: BenchResults): string {
  const others = sidesIn(peers).filter((side) => side !== 'pooled')
  return markdownTable(
    ['pooled, of the other: p50 / p99 / mean', ...others.map((side) => sideTitles[side])],
    peers.map(({ title, sides }) => [title, ...others.map((side) => over(sides.pooled, sides[side]))]),
  )
}

/** @param picture the way to it */
export function peersSection(results: BenchResults, picture: string): string {
  return `![One use in the pool and beside its peers: p50, mean and p99 on a logarithmic axis](${picture})

${peersTable(results)}

${peerRatiosTable(results)}

The small guests again, by turns: Warmslot with its default of 4 MiB that a slot keeps resident, and with 16 MiB; \`new WebAssembly.Instance\` of a
compiled module; a worker thread for each use, which instantiates the compiled module, calls, answers and ends; Wasmtime's pooling allocator with
its defaults and with PAGEMAP_SCAN and 16 MiB kept resident (Rust, \`bench/peers/wasmtime\`); the system calls and copies alone in C
(\`bench/peers/floor\`). The programs are processes of their own. Below 1 in the second table, Warmslot with its defaults is faster.`
}
