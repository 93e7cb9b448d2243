/**
 * Reads numbers, names and types of a module's binary form, from its bytes.
 * Source: WebAssembly core specification 3.0, sections 5.2 and 5.3.
 */

const names = new TextDecoder('utf-8', { fatal: true })

/** Number, vector and abstract heap types, by their byte. */
const typeNames: Readonly<Record<number, string>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x78: 'i8',
  0x77: 'i16',
  0x70: 'funcref',
  0x6f: 'externref',
  0x6e: 'anyref',
  0x6d: 'eqref',
  0x6c: 'i31ref',
  0x6b: 'structref',
  0x6a: 'arrayref',
  0x69: 'exnref',
  0x74: 'nullexnref',
  0x73: 'nullfuncref',
  0x72: 'nullexternref',
  0x71: 'nullref',
}

export class BinaryReader {
  readonly bytes: Uint8Array
  at: number
  readonly #end: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.byteLength) {
    this.bytes = bytes
    this.at = start
    this.#end = end
  }

  get atEnd(): boolean {
    return this.at >= this.#end
  }

  byte(): number {
    if (this.atEnd) throw new RangeError('the module ends too early')
    return this.bytes[this.at++]!
  }

  /** LEB128. Exact up to 2^53, which is far more than any count or limit here can be. */
  unsigned(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  name(): string {
    return names.decode(this.take(this.unsigned()))
  }

  take(length: number): Uint8Array {
    const start = this.at
    if (start + length > this.#end) throw new RangeError('the module ends too early')
    this.at += length
    return this.bytes.subarray(start, this.at)
  }

  /** As many as are announced. */
  vector<Item>(read: () => Item): Item[] {
    const items: Item[] = []
    for (let left = this.unsigned(); left > 0; left -= 1) items.push(read())
    return items
  }

  /** A value type in the words of the text format. */
  type(): string {
    const code = this.byte()
    // `ref null` and `ref`, each with a heap type.
    if (code === 0x63 || code === 0x64)
      return code === 0x63 ? `(ref null ${this.#heap()})` : `(ref ${this.#heap()})`
    const name = typeNames[code]
    if (name === undefined) throw new RangeError(`type 0x${code.toString(16)} is not known here`)
    return name
  }

  /** An abstract type, or the index of a defined one. */
  #heap(): string {
    const abstract = typeNames[this.bytes[this.at] ?? 0]
    if (abstract === undefined) return String(this.unsigned())
    this.at += 1
    return abstract.replace(/ref$/, '')
  }
}
