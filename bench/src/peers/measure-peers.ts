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

import { growingGuest } from '../guests/growing-guest.ts'
import { tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'
import { distributionOf, type Distribution } from '../statistics.ts'
import { callExport } from '../uses/use-case.ts'
import { Peer } from './peer.ts'
import { floorProgram, wasmtimeProgram } from './programs.ts'

export const sides = ['pooled', 'wasmtime', 'wasmtimeBest', 'floor'] as const
export type PeerSide = (typeof sides)[number]

export interface PeerResult {
  readonly name: string
  readonly title: string
  readonly sides: Partial<Record<PeerSide, Distribution>>
}

interface Work {
  readonly name: string
  readonly title: string
  readonly guest: Uint8Array<ArrayBuffer>
  readonly argument: number
  /** Of the floor: bytes of memory, of the image, and of growth; places written to, and their distance. */
  readonly floor: readonly [memory: number, image: number, growth: number, places: number, distance: number]
}

const kib = 1024
const mib = 1024 * kib

function works(): Work[] {
  return [
    {
      name: 'grow-17',
      title: '17 pages, grows by one page',
      guest: growingGuest(),
      argument: 1,
      floor: [17 * 64 * kib, 8 * kib, 64 * kib, 1, 4 * kib],
    },
    ...[0, 1, 10, 100].map((pages): Work => ({
      name: `ten-mebibyte-${pages}`,
      title: `10 MiB, 1 MiB of data, writes ${pages} ${pages === 1 ? 'page' : 'pages'}`,
      guest: tenMebibyteGuest(),
      argument: pages,
      floor: [10 * mib, mib, 0, pages, 100 * kib],
    })),
  ]
}

const untimedUses = 200

export async function measurePeers(rounds: number, uses: number, build: boolean): Promise<PeerResult[]> {
  const folder = mkdtempSync(`${tmpdir()}/warmslot-peers-`)
  try {
    const programs = { floor: floorProgram(folder), wasmtime: wasmtimeProgram(build) }
    const results: PeerResult[] = []
    for (const work of works()) results.push(await measureWork(work, programs, folder, rounds, uses))
    return results
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measureWork(
  { name, title, guest, argument, floor }: Work,
  programs: { readonly floor: string | undefined; readonly wasmtime: string | undefined },
  folder: string,
  rounds: number,
  uses: number,
): Promise<PeerResult> {
  const file = `${folder}/${name}.wasm`
  writeFileSync(file, guest)
  await using engine = new Engine({ slots: 4, maxMemoryBytes: 16 * mib })
  const module = await engine.compile(guest)
  const imports = {}
  const pooled = (): void => {
    const instance = engine.instantiate(module, imports)
    callExport(instance.exports, 'run', argument)
    instance.release()
  }
  using peers = new DisposableStack()
  const start = (program: string | undefined, ...words: string[]): Peer | undefined =>
    program === undefined ? undefined : peers.use(new Peer(program, words))
  const [memory, image, growth, places, distance] = floor
  const started = {
    wasmtime: start(programs.wasmtime, file, 'defaults'),
    wasmtimeBest: start(programs.wasmtime, file, 'best'),
    floor: start(programs.floor, `${memory}`, `${image}`, `${growth}`),
  }
  const round: Record<PeerSide, ((count: number) => Promise<Float64Array> | Float64Array) | undefined> = {
    pooled: (count) => timed(pooled, count),
    wasmtime: started.wasmtime && ((count) => started.wasmtime!.round(count, argument)),
    wasmtimeBest: started.wasmtimeBest && ((count) => started.wasmtimeBest!.round(count, argument)),
    floor: started.floor && ((count) => started.floor!.round(count, places, distance)),
  }
  const durations: Partial<Record<PeerSide, number[]>> = {}
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const side of turn % 2 === 0 ? sides : sides.toReversed()) {
      if (round[side] === undefined) continue
      await round[side](untimedUses)
      ;(durations[side] ??= []).push(...(await round[side](uses)))
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
