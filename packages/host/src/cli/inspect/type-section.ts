/** The type section: signatures of functions, by type index. Source: WebAssembly core specification 3.0, section 5.3. */
import type { BinaryReader } from './binary-reader.ts'

/** `(i32, i64) -> f64`; undefined for types of structs and arrays, which count as well. */
export type Signature = string | undefined

const form = {
  recursive: 0x4e,
  subFinal: 0x4f,
  sub: 0x50,
  array: 0x5e,
  struct: 0x5f,
  function: 0x60,
} as const

export function readTypes(reader: BinaryReader): Signature[] {
  return reader
    .vector(() => {
      if (reader.bytes[reader.at] !== form.recursive) return [definedType(reader)]
      reader.byte()
      return reader.vector(() => definedType(reader))
    })
    .flat()
}

function definedType(reader: BinaryReader): Signature {
  const code = reader.byte()
  switch (code) {
    case form.sub:
    case form.subFinal:
      reader.vector(() => reader.unsigned())
      return definedType(reader)
    case form.function: {
      const parameters = reader.vector(() => reader.type())
      const results = reader.vector(() => reader.type())
      return `(${parameters.join(', ')}) -> ${results.length === 1 ? results[0]! : `(${results.join(', ')})`}`
    }
    case form.struct:
      reader.vector(() => field(reader))
      return undefined
    case form.array:
      field(reader)
      return undefined
    default:
      throw new RangeError(`type form 0x${code.toString(16)} is not known here`)
  }
}

function field(reader: BinaryReader): void {
  reader.type()
  // Whether it can change.
  reader.byte()
}
