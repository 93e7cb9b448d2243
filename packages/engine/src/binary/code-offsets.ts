/**
 * From byte offsets in the rewritten module, as V8's stack traces show them, to those in the original: for source maps,
 * DWARF and disassemblies, which know the original only.
 *
 *   original    ......|memory.fill|........|memory.size|......
 *   rewritten   ......|call|........|global.get|......| helpers |
 *               ^          ^                   ^        ^ end
 *               one pair of offsets wherever a piece of the original goes on
 *
 * A replaced instruction's offset is that of what stands for it; what was inserted has the offset of what follows it.
 */

/** Collects the pieces while the code is written. */
export class CodeOffsetsBuilder {
  readonly #written: number[] = []
  readonly #original: number[] = []

  /** From `written` on stands what stood in the original from `original` on; in the order of the code. */
  piece(written: number, original: number): void {
    const last = this.#written.length - 1
    const distance = written - original
    if (last >= 0 && distance === this.#written[last]! - this.#original[last]!) return
    this.#written.push(written)
    this.#original.push(original)
  }

  /** `base`: what has to be added to the written offsets; `end`: where, with the base added, the helpers begin. */
  build(base: number, end: number): CodeOffsets {
    return new CodeOffsets({
      written: Uint32Array.from(this.#written, (offset) => offset + base),
      original: Uint32Array.from(this.#original),
      end,
    })
  }
}

/** Eight bytes for each replaced instruction whose length is another one. */
export interface CodeOffsetsData {
  readonly written: Uint32Array
  readonly original: Uint32Array
  readonly end: number
}

export class CodeOffsets {
  readonly data: CodeOffsetsData

  constructor(data: CodeOffsetsData) {
    this.data = data
  }

  /** `undefined` where nothing of the original's code stands. */
  original(offset: number): number | undefined {
    const { written, original: originals, end } = this.data
    const first = written[0]
    if (first === undefined || !(offset >= first && offset < end)) return undefined
    let low = 0
    let high = written.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (written[middle]! <= offset) low = middle
      else high = middle
    }
    const original = originals[low]! + offset - written[low]!
    return Math.min(original, originals[low + 1] ?? original)
  }
}
