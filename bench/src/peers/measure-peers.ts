/**
 * The same uses in the pool, natively, in a worker thread each, in Wasmtime's pooling allocator and as bare system calls, by turns.
 * The programs are processes of their own. What is not there is left out.
 */
import { writeFileSync } from 'node:fs'

import { type GuestWork, guestWorks } from '../guests/guest-works.ts'
import { progress } from '../progress.ts'
import { rounded } from '../report/format.ts'
import { measureByTurns, type SideResults } from './by-turns.ts'
import { nativeSide, pooledSide } from './in-process.ts'
import { floorPeer, wasmtimePeer } from './peer.ts'
import type { PeerPrograms } from './programs.ts'
import type { SideName, Sides } from './side.ts'
import { workerPerUseSide } from './worker-per-use.ts'

export interface PeerResult {
  readonly name: string
  readonly title: string
  readonly sides: SideResults<SideName>
}

const keptBytes = 16 * 2 ** 20

export async function measurePeers(
  programs: PeerPrograms,
  rounds: number,
  uses: number,
): Promise<PeerResult[]> {
  const results: PeerResult[] = []
  for (const work of guestWorks) {
    await using stack = new AsyncDisposableStack()
    const sides = await measureByTurns(await sidesOf(work, programs, stack), rounds, uses * work.share)
    results.push({ name: work.name, title: work.title, sides })
    const found = Object.entries(sides).map(([name, { p50 }]) => `${name} ${rounded(p50)}`)
    progress(`${work.title}, µs p50: ${found.join(', ')}`)
  }
  return results
}

async function sidesOf(work: GuestWork, programs: PeerPrograms, stack: AsyncDisposableStack): Promise<Sides> {
  const file = `${programs.folder}/${work.name}.wasm`
  writeFileSync(file, work.guest)
  const wasmtime = (kind: 'defaults' | 'best'): Sides['wasmtime'] => {
    if (programs.wasmtime === undefined) return undefined
    const { peer, side } = wasmtimePeer(work, programs.wasmtime, file, { kind, threads: 1, modules: 1 })
    stack.use(peer)
    return side
  }
  const all = {
    pooled: await pooledSide(work, undefined, stack),
    pooledKeeping: await pooledSide(work, keptBytes, stack),
    native: await nativeSide(work),
    workerPerUse: work.disturbance === undefined ? await workerPerUseSide(work) : undefined,
    wasmtime: wasmtime('defaults'),
    wasmtimeBest: wasmtime('best'),
    floor: floorOf(work, programs, stack),
  }
  return Object.fromEntries(Object.entries(all).filter(([, side]) => side !== undefined)) as Sides
}

function floorOf(work: GuestWork, programs: PeerPrograms, stack: AsyncDisposableStack): Sides['floor'] {
  if (programs.floor === undefined) return undefined
  const { peer, side } = floorPeer(work, programs.floor, 1)
  stack.use(peer)
  return side
}
