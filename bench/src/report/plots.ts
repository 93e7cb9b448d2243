/** The pictures of a run: uses natively and in the pool, and the pool beside its peers. */
import { plotOf } from './plot.ts'
import type { BenchResults } from './results.ts'
import { peerTitles } from './tables/peers.ts'

export function usesPlot({ uses }: BenchResults): string {
  return plotOf({
    heading: 'One use: instantiate, call, drop or release',
    label: 'Duration of one use, native and pooled',
    legend: { native: 'new WebAssembly.Instance', pooled: 'Warmslot' },
    rows: uses.map(({ title, native, pooled }) => ({ title, sides: { native, pooled } })),
  })
}

export function peersPlot({ peers }: BenchResults): string {
  return plotOf({
    heading: 'One use, beside Wasmtime',
    label: 'Duration of one use in the pool, in Wasmtime, and as system calls alone',
    legend: peerTitles,
    rows: peers,
  })
}
