/** A program of `bench/peers` that does uses when it is told to, and says how long each took. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

export class Peer implements Disposable {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(program: string, words: readonly string[]) {
    this.#process = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines: Interface = createInterface(this.#process.stdout!)
    this.#lines = lines[Symbol.asyncIterator]()
  }

  /** So many uses with these numbers; their durations in milliseconds. */
  async round(uses: number, ...numbers: readonly number[]): Promise<Float64Array> {
    this.#process.stdin!.write(`${[uses, ...numbers].join(' ')}\n`)
    const line = await this.#lines.next()
    if (line.done === true) throw new Error(`${this.#process.spawnfile} ended without an answer`)
    const durations = Float64Array.from(
      line.value.trim().split(' '),
      (nanoseconds) => Number(nanoseconds) / 1e6,
    )
    if (durations.length !== uses) throw new Error(`${durations.length} durations came instead of ${uses}`)
    return durations
  }

  [Symbol.dispose](): void {
    this.#process.stdin!.end()
  }
}
