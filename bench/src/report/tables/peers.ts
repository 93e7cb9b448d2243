/** The pool beside Wasmtime and the floor, as a table. */
import type { PeerSide } from '../../peers/measure-peers.ts'
import type { Distribution } from '../../statistics.ts'
import { markdownTable, rounded } from '../format.ts'
import type { BenchResults } from '../results.ts'

export const peerTitles = {
  pooled: 'pooled',
  wasmtime: 'Wasmtime',
  wasmtimeBest: 'Wasmtime at its best',
  floor: 'floor, in C',
} as const

/** The pooled side's p50 and mean over another's; a dash where that was not there. */
function over(pooled: Distribution | undefined, other: Distribution | undefined): string {
  if (pooled === undefined || other === undefined) return '–'
  return `${rounded(pooled.p50 / other.p50)} (${rounded(pooled.mean / other.mean)})`
}

export function peersTable({ peers }: BenchResults): string {
  const sides = (Object.keys(peerTitles) as PeerSide[]).filter((side) =>
    peers.some((peer) => peer.sides[side] !== undefined),
  )
  return markdownTable(
    [
      'one use, µs: p50 / p99 / mean',
      ...sides.map((side) => peerTitles[side]),
      'of Wasmtime',
      'of its best',
      'of the floor',
    ],
    peers.map(({ title, sides: found }) => [
      title,
      ...sides.map((side) => {
        const one = found[side]
        return one === undefined ? '–' : [one.p50, one.p99, one.mean].map(rounded).join(' / ')
      }),
      ...(['wasmtime', 'wasmtimeBest', 'floor'] as const).map((side) => over(found.pooled, found[side])),
    ]),
  )
}
