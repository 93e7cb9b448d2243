/**
 * Writes small WebAssembly modules: one memory, one data segment, one exported function. The binary format is that of
 * the WebAssembly specification, section 5.
 */

/** What the bench's guests differ in. */
export interface GuestDefinition {
  /** Initial pages of the memory, 64 KiB each. */
  readonly pages: number
  /** Its one active data segment. */
  readonly data: { readonly offset: number; readonly bytes: Uint8Array }
  /** Body of the exported function `run: (i32) -> (i32)`, without locals and `end`. */
  readonly run: readonly number[]
  /** How many i32 locals the body has besides its parameter. */
  readonly locals: number
}

/** LEB128 of an unsigned number. */
export function unsigned(value: number): number[] {
  const low = value % 128
  const rest = Math.floor(value / 128)
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)]
}

/** LEB128 of a signed 32-bit number. */
export function signed(value: number): number[] {
  const low = value & 0x7f
  const rest = value >> 7
  const isLast = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)
  return isLast ? [low] : [low | 0x80, ...signed(rest)]
}

function name(text: string): number[] {
  const bytes = Buffer.from(text, 'utf8')
  return [...unsigned(bytes.length), ...bytes]
}

function section(id: number, ...parts: (readonly number[] | Uint8Array)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Uint8Array.from(part)))
  return Buffer.concat([Uint8Array.of(id, ...unsigned(content.length)), content])
}

const i32 = 0x7f

/** The module's bytes. It exports `memory` and `run`. */
export function writeGuest({ pages, data, run, locals }: GuestDefinition): Uint8Array<ArrayBuffer> {
  const body = [...(locals > 0 ? [1, ...unsigned(locals), i32] : [0]), ...run, 0x0b]
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
      section(1, [1, 0x60, 1, i32, 1, i32]), // types: (i32) -> (i32)
      section(3, [1, 0]), // functions: one of type 0
      section(5, [1, 0, ...unsigned(pages)]), // memories: one, without a maximum
      section(7, [2], name('memory'), [2, 0], name('run'), [0, 0]), // exports
      section(10, [1], unsigned(body.length), body), // code
      section(11, [1, 0, 0x41, ...signed(data.offset), 0x0b], unsigned(data.bytes.length), data.bytes), // data
    ]),
  )
}

/** Bytes of which no page is all zeros. */
export function patternOf(byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, index) => ((index * 31 + (index >>> 8)) & 0xff) | 1)
}
