/** Writes a WebAssembly binary into one growing buffer. The counterpart of `reader.ts`. */

const utf8 = new TextEncoder()

export class Writer {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes)
  }

  get length(): number {
    return this.#length
  }

  /** What was written so far; valid until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#length + count, this.#bytes.length * 2))
    larger.set(this.written)
    this.#bytes = larger
  }

  byte(...values: number[]): this {
    this.#reserve(values.length)
    for (const value of values) this.#bytes[this.#length++] = value
    return this
  }

  bytes(source: Uint8Array): this {
    this.#reserve(source.length)
    this.#bytes.set(source, this.#length)
    this.#length += source.length
    return this
  }

  u32(value: number): this {
    this.#reserve(5)
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
    return this
  }

  s64(value: bigint): this {
    let rest = BigInt.asIntN(64, value)
    for (;;) {
      const low = Number(rest & 0x7fn)
      rest >>= 7n
      const last = (rest === 0n && !(low & 0x40)) || (rest === -1n && (low & 0x40) !== 0)
      this.byte(last ? low : low | 0x80)
      if (last) return this
    }
  }

  name(text: string): this {
    const encoded = utf8.encode(text)
    return this.u32(encoded.length).bytes(encoded)
  }

  /** Copies at most `sliceBytes` between two yields. */
  *inSlices(source: Uint8Array, sliceBytes: number): Generator<void> {
    let start = 0
    for (; source.length - start > sliceBytes; start += sliceBytes) {
      this.bytes(source.subarray(start, start + sliceBytes))
      yield
    }
    this.bytes(source.subarray(start))
  }

  /** Begins a section whose contents are written in place; {@link endSection} gets what this returns. */
  beginSection(id: number): number {
    this.byte(id, 0x80, 0x80, 0x80, 0x80, 0x00)
    return this.#length
  }

  /** Its size, in the longest form, since nobody knew it before. */
  endSection(start: number): void {
    let rest = this.#length - start
    for (let place = start - 5; place < start; place += 1) {
      this.#bytes[place]! |= rest & 0x7f
      rest >>>= 7
    }
  }

  /** A section: its id, its size, its contents. */
  section(id: number, contents: Writer): this {
    return this.byte(id).u32(contents.length).bytes(contents.written)
  }
}

/** How many bytes `value` takes as an unsigned LEB128. */
export function u32Size(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
}
