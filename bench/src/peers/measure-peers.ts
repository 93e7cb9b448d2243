/**
 * The same uses in the pool, in Wasmtime's pooling allocator and as bare system calls, by turns:
 *
 *     pooled | Wasmtime | Wasmtime at its best | floor | pooled | ...
 *
 * Each in a process of its own, of which one works at a time. What is not there is left out.
 */
import { Engine } from '@warmslot/engine'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'

import { distributionOf, type Distribution } from '../statistics.ts'
import { callExport } from '../uses/use-case.ts'
import { Peer } from './peer.ts'
import { floorProgram, wasmtimeProgram } from './programs.ts'
import { peerWorks, type PeerWork } from './works.ts'

export const sides = ['pooled', 'wasmtime', 'wasmtimeBest', 'floor'] as const
export type PeerSide = (typeof sides)[number]

export interface PeerResult {
  readonly name: string
  readonly title: string
  readonly sides: Partial<Record<PeerSide, Distribution>>
}

/** So many uses of a number of pages. */
type Round = (count: number, pages: number) => Promise<Float64Array> | Float64Array

const untimedUses = 200
/** How long the pooled side works before the first turn, in milliseconds: V8 compiles its code once more after a while. */
const warmUpMs = 500
/** How many small uses follow a large one. */
const usesAfter = 50

export async function measurePeers(rounds: number, uses: number, build: boolean): Promise<PeerResult[]> {
  const folder = mkdtempSync(`${tmpdir()}/warmslot-peers-`)
  try {
    const programs = { floor: floorProgram(folder), wasmtime: wasmtimeProgram(build) }
    const results: PeerResult[] = []
    for (const work of peerWorks()) results.push(await measureWork(work, programs, folder, rounds, uses))
    return results
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measureWork(
  { name, title, guest, argument, afterOneOf, floor }: PeerWork,
  programs: { readonly floor: string | undefined; readonly wasmtime: string | undefined },
  folder: string,
  rounds: number,
  uses: number,
): Promise<PeerResult> {
  const file = `${folder}/${name}.wasm`
  writeFileSync(file, guest)
  await using engine = new Engine({ slots: 4, maxMemoryBytes: 16 * 2 ** 20 })
  const module = await engine.compile(guest)
  const imports = {}
  const pooled = (pages: number): void => {
    const instance = engine.instantiate(module, imports)
    callExport(instance.exports, 'run', pages)
    instance.release()
  }
  using peers = new DisposableStack()
  const start = (program: string | undefined, ...words: string[]): Peer | undefined =>
    program === undefined ? undefined : peers.use(new Peer(program, words))
  const { memory, image, growth, places, distance } = floor
  const started = {
    wasmtime: start(programs.wasmtime, file, 'defaults'),
    wasmtimeBest: start(programs.wasmtime, file, 'best'),
    floor: start(programs.floor, `${memory}`, `${image}`, `${growth}`),
  }
  const round: Record<PeerSide, Round | undefined> = {
    pooled: (count, pages) => timed(() => pooled(pages), count),
    wasmtime: started.wasmtime && ((count, pages) => started.wasmtime!.round(count, pages)),
    wasmtimeBest: started.wasmtimeBest && ((count, pages) => started.wasmtimeBest!.round(count, pages)),
    floor: started.floor && ((count, pages) => started.floor!.round(count, places(pages), distance)),
  }
  /** The uses of one turn; where one large use comes before, so often that it is seen what it leaves. */
  const oneTurn = async (side: Round): Promise<number[]> => {
    if (afterOneOf === undefined) return [...(await side(uses, argument))]
    const all: number[] = []
    while (all.length < uses) {
      await side(1, afterOneOf)
      all.push(...(await side(Math.min(usesAfter, uses - all.length), argument)))
    }
    return all
  }
  for (const until = performance.now() + warmUpMs; performance.now() < until;) pooled(argument)
  const durations: Partial<Record<PeerSide, number[]>> = {}
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const side of turn % 2 === 0 ? sides : sides.toReversed()) {
      const use = round[side]
      if (use === undefined) continue
      await use(untimedUses, argument)
      ;(durations[side] ??= []).push(...(await oneTurn(use)))
    }
  }
  const found = Object.entries(durations).map(([side, list]) => [
    side,
    distributionOf(Float64Array.from(list)),
  ])
  return { name, title, sides: Object.fromEntries(found) as PeerResult['sides'] }
}

function timed(use: () => void, count: number): Float64Array {
  const durations = new Float64Array(count)
  for (let index = 0; index < count; index += 1) {
    const before = performance.now()
    use()
    durations[index] = performance.now() - before
  }
  return durations
}
