/** A program of `bench/peers` that does uses when it is told to, and says how long each took. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

import type { GuestWork } from '../guests/guest-works.ts'
import { type Side, untimedUses } from './side.ts'

const mib = 2 ** 20

export class Peer implements Disposable {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #threads: number

  /** @param threads how many make the uses of a round, each all of them */
  constructor(program: string, words: readonly string[], threads: number) {
    this.#process = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines: Interface = createInterface(this.#process.stdout!)
    this.#lines = lines[Symbol.asyncIterator]()
    this.#threads = threads
  }

  /** A line of numbers of which the first says how many uses; their durations in milliseconds, of all threads. */
  async round(uses: number, ...numbers: readonly number[]): Promise<Float64Array> {
    this.#process.stdin!.write(`${[uses, ...numbers].join(' ')}\n`)
    const line = await this.#lines.next()
    if (line.done === true) throw new Error(`${this.#process.spawnfile} ended without an answer`)
    const durations = Float64Array.from(
      line.value.trim().split(' '),
      (nanoseconds) => Number(nanoseconds) / 1e6,
    )
    if (durations.length !== uses * this.#threads) {
      throw new Error(`${durations.length} durations came instead of ${uses} of each of ${this.#threads}`)
    }
    return durations
  }

  [Symbol.dispose](): void {
    this.#process.stdin!.end()
  }
}

function sideOf(peer: Peer, numbers: readonly number[]): Side {
  return {
    share: 1,
    async round(uses) {
      await peer.round(untimedUses(uses), ...numbers)
      return await peer.round(uses, ...numbers)
    },
  }
}

export interface WasmtimeOptions {
  readonly kind: 'defaults' | 'best'
  readonly threads: number
  /** As how many modules the guest is compiled, which are used in turn. */
  readonly modules: number
}

/** @param file the guest's */
export function wasmtimePeer(
  { argument, disturbance }: GuestWork,
  program: string,
  file: string,
  { kind, threads, modules }: WasmtimeOptions,
): { readonly peer: Peer; readonly side: Side } {
  const peer = new Peer(program, [file, kind, `${threads}`, `${modules}`], threads)
  return { peer, side: sideOf(peer, [disturbance?.everyUses ?? 0, disturbance?.argument ?? 0, argument]) }
}

/**
 * The floor keeps resident what serves it best: all that a use writes, and after one that wrote a lot next to nothing, so
 * that the later ones need not copy it back.
 */
export function floorPeer(
  { shape, disturbance }: GuestWork,
  program: string,
  threads: number,
): { readonly peer: Peer; readonly side: Side } {
  const { memoryBytes, imageBytes, growBytes, places, distanceBytes } = shape
  const keepBytes = disturbance === undefined ? 16 * mib : mib / 64
  const peer = new Peer(
    program,
    [memoryBytes, imageBytes, growBytes, keepBytes, threads].map(String),
    threads,
  )
  const numbers = [disturbance?.everyUses ?? 0, disturbance?.argument ?? 0, places, distanceBytes]
  return { peer, side: sideOf(peer, numbers) }
}
