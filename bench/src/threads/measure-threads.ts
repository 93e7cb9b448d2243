/**
 * The same uses on one thread and on two at once: worker threads with an engine each, worker threads with native instances, threads of
 * Wasmtime on one pool, threads of the floor with a slot each. All threads of a process share its memory map, which the
 * kernel locks while mappings change, and pages are faulted in.
 */
import { writeFileSync } from 'node:fs'

import { type GuestWork, guestWorks } from '../guests/guest-works.ts'
import { measureByTurns } from '../peers/by-turns.ts'
import { floorPeer, wasmtimePeer } from '../peers/peer.ts'
import type { PeerPrograms } from '../peers/programs.ts'
import type { Side } from '../peers/side.ts'
import { progress } from '../progress.ts'
import { rounded } from '../report/format.ts'
import type { Distribution } from '../statistics.ts'
import { ThreadSide } from './thread-side.ts'

export type ThreadSideName = 'pooled' | 'native' | 'wasmtimeBest' | 'floor'
type Key = `${ThreadSideName} ${number}`

export interface ThreadResult {
  /** Of the guest's work. */
  readonly name: string
  readonly title: string
  readonly side: ThreadSideName
  readonly threads: number
  /** Of one use, on any of the threads. */
  readonly use: Distribution
  /** Of all threads together: their number over the mean. */
  readonly usesPerSecond: number
}

const threadCounts = [1, 2]
const nativeShare = 1 / 10

/** @param workNames names of guests' works */
export async function measureThreads(
  workNames: readonly string[],
  programs: PeerPrograms,
  rounds: number,
  uses: number,
): Promise<ThreadResult[]> {
  const results: ThreadResult[] = []
  for (const work of guestWorks.filter(({ name }) => workNames.includes(name))) {
    await using stack = new AsyncDisposableStack()
    const sides = await sidesOf(work, programs, stack)
    const found = await measureByTurns(sides, rounds, uses)
    const keys = Object.keys(found) as Key[]
    const measured = keys.map((key) => resultOf(work, key, found[key]!))
    results.push(...measured)
    const said = measured.map(
      ({ side, threads, usesPerSecond }) => `${side} on ${threads} ${rounded(usesPerSecond)}`,
    )
    progress(`${work.title}, uses a second: ${said.join(', ')}`)
  }
  return results
}

async function sidesOf(
  work: GuestWork,
  programs: PeerPrograms,
  stack: AsyncDisposableStack,
): Promise<Partial<Record<Key, Side>>> {
  const sides: Partial<Record<Key, Side>> = {}
  const file = `${programs.folder}/${work.name}.wasm`
  writeFileSync(file, work.guest)
  for (const threads of threadCounts) {
    for (const side of ['pooled', 'native'] as const) {
      const share = side === 'native' ? nativeShare : 1
      sides[`${side} ${threads}`] = stack.use(
        await ThreadSide.make({ side, work: work.name, threads }, share),
      )
    }
    if (programs.wasmtime !== undefined) {
      const options = { kind: 'best', threads, modules: 1 } as const
      const { peer, side } = wasmtimePeer(work, programs.wasmtime, file, options)
      stack.use(peer)
      sides[`wasmtimeBest ${threads}`] = side
    }
    if (programs.floor !== undefined) {
      const { peer, side } = floorPeer(work, programs.floor, threads)
      stack.use(peer)
      sides[`floor ${threads}`] = side
    }
  }
  return sides
}

function resultOf({ name, title }: GuestWork, key: Key, use: Distribution): ThreadResult {
  const [side, threads] = key.split(' ') as [ThreadSideName, string]
  return {
    name,
    title,
    side,
    threads: Number(threads),
    use,
    usesPerSecond: (Number(threads) / use.mean) * 1e6,
  }
}
