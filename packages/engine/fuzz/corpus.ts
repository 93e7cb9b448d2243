/** The binaries worth changing further, in memory and in a folder, so that the next process has them. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { greatestBytes } from './mutate.ts'
import type { Random } from './random.ts'
import type { Bytes } from './sections.ts'

export class Corpus {
  readonly #folder: string
  readonly #list: Bytes[]

  constructor(folder: string, seeds: readonly Bytes[]) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
    this.#list = [...seeds]
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.wasm')) continue
      const bytes = new Uint8Array(readFileSync(join(folder, name)))
      if (bytes.length <= greatestBytes) this.#list.push(bytes)
    }
  }

  get size(): number {
    return this.#list.length
  }

  add(bytes: Bytes): void {
    // Large ones are slow to change; what they show is found in smaller ones.
    if (bytes.length > 20_000) return
    this.#list.push(bytes)
    writeFileSync(join(this.#folder, `${nameOf(bytes)}.wasm`), bytes)
  }

  /** New ones more often than old ones. */
  pick(random: Random): Bytes {
    const size = this.#list.length
    const newest = random.oneIn(3) ? Math.min(size, 64) : size
    return this.#list[size - 1 - random.below(newest)]!
  }
}

export function nameOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex').slice(0, 16)
}
