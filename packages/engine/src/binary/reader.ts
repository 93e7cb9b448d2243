/**
 * Reads a WebAssembly binary: bytes, LEB128 integers, names.
 *
 * Assumption: nothing about the input. Every read is checked against the end of the current range, every LEB128
 * against its longest form; what is wrong throws {@link MalformedModuleError}, which the engine turns into V8's own
 * CompileError. Source: WebAssembly core specification, section 5 (binary format).
 */

/** Thrown for bytes that are no well-formed module. Internal: callers of the engine see V8's CompileError instead. */
export class MalformedModuleError extends Error {
  readonly position: number
  constructor(message: string, position: number) {
    super(`${message} at byte ${position}`)
    this.name = 'MalformedModuleError'
    this.position = position
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A cursor over `bytes[position, end)`. */
export class Reader {
  readonly bytes: Uint8Array
  position: number
  end: number

  constructor(bytes: Uint8Array, position = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get done(): boolean {
    return this.position >= this.end
  }

  fail(message: string): never {
    throw new MalformedModuleError(message, this.position)
  }

  byte(): number {
    if (this.position >= this.end) this.fail('unexpected end')
    return this.bytes[this.position++]!
  }

  skip(count: number): void {
    if (count > this.end - this.position) this.fail('unexpected end')
    this.position += count
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let byte = this.byte()
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    byte = this.byte()
    if (byte > 0x0f) this.fail('LEB128 of more than 32 bits')
    return (value | (byte << 28)) >>> 0
  }

  /** Skips a LEB128 of at most `maximumBytes` bytes (5 for 32 and 33 bits, 10 for 64). */
  skipLeb(maximumBytes: number): void {
    for (let count = 0; count < maximumBytes; count++) if (this.byte() < 0x80) return
    this.fail('LEB128 too long')
  }

  /** A signed LEB128 of at most 32 bits. */
  s32(): number {
    const value = this.s33()
    if (value < -0x8000_0000 || value > 0x7fff_ffff) this.fail('LEB128 of more than 32 bits')
    return value
  }

  /** A signed LEB128 of at most 33 bits (block types, heap types). */
  s33(): number {
    let value = 0
    let factor = 1
    for (let count = 0; count < 5; count++) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      factor *= 128
      if (byte < 0x80) return byte & 0x40 ? value - factor : value
    }
    this.fail('LEB128 too long')
  }

  /** A LEB128 of at most 64 bits, signed or unsigned, as a bigint in the range of its kind. */
  i64(signed: boolean): bigint {
    let value = 0n
    let shift = 0n
    for (let count = 0; count < 10; count++) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << shift
      shift += 7n
      if (byte < 0x80) {
        if (signed && byte & 0x40) value -= 1n << shift
        return signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)
      }
    }
    this.fail('LEB128 too long')
  }

  name(): string {
    const length = this.u32()
    const start = this.position
    this.skip(length)
    try {
      return utf8.decode(this.bytes.subarray(start, this.position))
    } catch {
      return this.fail('name is not UTF-8')
    }
  }

  /** The number of entries of a vector; each entry takes a byte at least, so a count beyond the range is malformed. */
  count(): number {
    const count = this.u32()
    if (count > this.end - this.position) this.fail('vector longer than its section')
    return count
  }
}
