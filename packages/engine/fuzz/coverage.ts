/**
 * Which parts of the analyser and rewriter ran, by V8's own block coverage: the signal for what is worth keeping.
 *
 * Asking V8 takes milliseconds, so it is asked once for a batch of executions.
 */
import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'

interface File {
  /** Per byte of the source: 0 not in any function, 1 in one, 2 has run. */
  readonly bytes: Uint8Array
}

export class Coverage {
  readonly #session = new Session()
  readonly #files = new Map<string, File>()
  readonly #under: string

  /** @param under the folder's URL; start before its modules are loaded */
  constructor(under: string) {
    this.#under = under
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /**
   * Returns how many bytes of source ran for the first time.
   * @param note whether to remember them, so that the next time is not the first
   */
  take({ note }: { readonly note: boolean }): number {
    let fresh = 0
    // In the same thread the answer is there before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error
      for (const { url, functions } of answer.result) {
        if (url.startsWith(this.#under)) fresh += count(this.#file(url), functions, note)
      }
    })
    return fresh
  }

  #file(url: string): File {
    let file = this.#files.get(url)
    if (!file) {
      file = { bytes: new Uint8Array(readFileSync(fileURLToPath(url), 'utf8').length) }
      this.#files.set(url, file)
    }
    return file
  }

  /** What part of the source's bytes ran, all files together. */
  get fraction(): number {
    let all = 0
    let ran = 0
    for (const { bytes } of this.#files.values()) {
      for (const state of bytes) {
        if (state > 0) all++
        if (state === 2) ran++
      }
    }
    return all === 0 ? 0 : ran / all
  }

  /** Pieces that never ran, as `file:line text`. */
  missed(): string[] {
    const list: string[] = []
    for (const [url, { bytes }] of this.#files) {
      const source = readFileSync(fileURLToPath(url), 'utf8')
      for (let index = 0; index < bytes.length; index++) {
        if (bytes[index] !== 1) continue
        const start = index
        while (bytes[index] === 1) index++
        const line = source.slice(0, start).split('\n').length
        const text = source.slice(start, index).replaceAll(/\s+/g, ' ').trim()
        if (text.length > 1) list.push(`${url.slice(this.#under.length)}:${line} ${text.slice(0, 100)}`)
      }
    }
    return list
  }
}

interface FunctionRanges {
  readonly ranges: readonly {
    readonly startOffset: number
    readonly endOffset: number
    readonly count: number
  }[]
}

function count({ bytes }: File, functions: readonly FunctionRanges[], note: boolean): number {
  // Ranges lie within one another, outer ones first.
  const ran = new Uint8Array(bytes.length)
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count: times } of ranges)
      ran.fill(times > 0 ? 2 : 1, startOffset, endOffset)
  }
  let fresh = 0
  for (let index = 0; index < ran.length; index++) {
    if (ran[index]! <= bytes[index]!) continue
    if (ran[index] === 2) fresh++
    if (note || ran[index] === 1) bytes[index] = ran[index]!
  }
  return fresh
}
