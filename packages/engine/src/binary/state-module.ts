/**
 * A module that also shows its state: what a snapshot is taken of.
 *
 *   types      + () -> i64            functions, code   + a getter for each mutable global of numbers (two for a vector)
 *   exports    + the getters, the mutable globals of references, the tables, under a hidden prefix
 *
 * By appending only, so its functions keep their indices, which is how V8 names the functions in its tables. Numbers leave as
 * the bits of an i64: JavaScript could change a NaN, and cannot read a vector.
 */
import { mostLeadingZeros } from './appended.ts'
import type { ModuleStructure } from './module-structure.ts'
import { sectionId, sectionOrder } from './module-structure.ts'
import { Reader } from './reader.ts'
import { isReference, valueTypeCode } from './types.ts'
import { Writer } from './writer.ts'

export interface StateModule {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many exports are the module's own: the first. */
  readonly ownExports: number
  /** Per mutable global that the module defines: the hidden exports that tell its value. */
  readonly globals: ReadonlyMap<number, readonly string[]>
  /** Per table that the module defines: its hidden export. */
  readonly tables: ReadonlyMap<number, string>
}

interface Added {
  readonly getters: { readonly name: string; readonly code: Uint8Array }[]
  readonly exports: { readonly name: string; readonly kind: number; readonly index: number }[]
}

export function stateModule(structure: ModuleStructure): StateModule {
  const prefix = '\u0000'.repeat(1 + mostLeadingZeros(structure))
  const added: Added = { getters: [], exports: [] }
  const globals = new Map<number, string[]>()
  for (const [index, { type, mutable, imported }] of structure.globals.entries()) {
    if (!mutable || imported) continue
    const name = `${prefix}v${index}`
    if (isReference(type)) {
      added.exports.push({ name, kind: 3, index })
      globals.set(index, [name])
    } else {
      const bits = bitsOf(type.code).map((code, half) => ({
        name: `${name}.${half}`,
        code: getter(index, code),
      }))
      added.getters.push(...bits)
      globals.set(
        index,
        bits.map((one) => one.name),
      )
    }
  }
  const tables = new Map<number, string>()
  for (const [index, { imported }] of structure.tables.entries()) {
    if (imported) continue
    const name = `${prefix}t${index}`
    added.exports.push({ name, kind: 1, index })
    tables.set(index, name)
  }
  return { bytes: write(structure, added), ownExports: structure.exports.length, globals, tables }
}

/** The instructions from a number to the bits of an i64, for each half of a vector. */
function bitsOf(type: number): number[][] {
  switch (type) {
    case valueTypeCode.i32:
      return [[0xad]] // i64.extend_i32_u
    case valueTypeCode.f32:
      return [[0xbc, 0xad]] // i32.reinterpret_f32, i64.extend_i32_u
    case valueTypeCode.f64:
      return [[0xbd]] // i64.reinterpret_f64
    case valueTypeCode.v128:
      return [0, 1].map((lane) => [0xfd, 0x1d, lane]) // i64x2.extract_lane
    default:
      return [[]]
  }
}

function getter(global: number, bits: readonly number[]): Uint8Array {
  return new Writer(16)
    .byte(0, 0x23)
    .u32(global)
    .byte(...bits, 0x0b).written
}

function write(structure: ModuleStructure, { getters, exports }: Added): Uint8Array<ArrayBuffer> {
  const { bytes, sections, types, functionTypes } = structure
  const output = new Writer(bytes.length + 4096).bytes(bytes.subarray(0, 8))
  const append: Partial<Record<number, { count: number; write: (to: Writer) => void }>> = {
    [sectionId.type]: { count: 1, write: (to) => to.byte(0x60, 0, 1, valueTypeCode.i64) },
    [sectionId.function]: {
      count: getters.length,
      write: (to) => {
        for (const _ of getters) to.u32(types.length)
      },
    },
    [sectionId.export]: {
      count: getters.length + exports.length,
      write: (to) => {
        for (const [place, { name }] of getters.entries())
          to.name(name)
            .byte(0)
            .u32(functionTypes.length + place)
        for (const { name, kind, index } of exports) to.name(name).byte(kind).u32(index)
      },
    },
    [sectionId.code]: {
      count: getters.length,
      write: (to) => {
        for (const { code } of getters) to.u32(code.length).bytes(code)
      },
    },
  }
  let place = 0
  const section = (id: number): void => {
    const own = sections.find((one) => one.id === id)
    const more = append[id]
    if (more === undefined || more.count === 0) {
      if (own) output.bytes(bytes.subarray(own.whole.start, own.whole.end))
      return
    }
    const reader = own && new Reader(bytes, own.contents.start, own.contents.end)
    const contents = new Writer(reader ? reader.end - reader.position + 256 : 256)
    contents.u32((reader?.u32() ?? 0) + more.count)
    if (reader) contents.bytes(bytes.subarray(reader.position, reader.end))
    more.write(contents)
    output.section(id, contents)
  }
  for (const { id, whole } of sections) {
    if (id === sectionId.custom) {
      output.bytes(bytes.subarray(whole.start, whole.end))
      continue
    }
    const next = sectionOrder.indexOf(id)
    while (place <= next) section(sectionOrder[place++]!)
  }
  while (place < sectionOrder.length) section(sectionOrder[place++]!)
  return output.written.slice()
}
