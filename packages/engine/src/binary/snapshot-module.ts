/**
 * Writes a module anew so that it starts with a given state, as Wizer does: what its start function and its initialisation made.
 *
 *   imports, memories, tables   their sizes                     globals        their values as initial expressions
 *   start section               gone                            data           active segments are empty: an image has the bytes
 *   elements                    of a table in the state: active segments become declarative ones (their functions stay declared,
 *                               their indices stay), and new segments with the table's entries come behind
 *
 * The bytes of the memories are not in it. No index shifts.
 */
import type { GlobalState, ModuleState } from './module-state.ts'
import type { GlobalType, ModuleStructure, Section } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { InstructionWalker } from './instructions.ts'
import { immediates } from './opcodes.ts'
import { Reader } from './reader.ts'
import { heapType, readLimits, readValueType, valueTypeCode } from './types.ts'
import { writeLimits, writeValueType } from './write-types.ts'
import { Writer } from './writer.ts'

export function snapshotModule(structure: ModuleStructure, state: ModuleState): Uint8Array<ArrayBuffer> {
  const output = new Writer(structure.bytes.length + 4096).bytes(structure.bytes.subarray(0, 8))
  const snapshot = new Snapshot(structure, state)
  for (const section of structure.sections) snapshot.section(section, output)
  snapshot.end(output)
  return output.written.slice()
}

class Snapshot {
  readonly #structure: ModuleStructure
  readonly #state: ModuleState
  #elementsWritten = false

  constructor(structure: ModuleStructure, state: ModuleState) {
    this.#structure = structure
    this.#state = state
  }

  section({ id, whole, contents }: Section, output: Writer): void {
    const { bytes } = this.#structure
    const reader = new Reader(bytes, contents.start, contents.end)
    if (id === sectionId.dataCount || id === sectionId.code || id === sectionId.data) this.end(output)
    switch (id) {
      case sectionId.import:
        return this.#imports(output)
      case sectionId.table:
        return this.#tables(reader, output)
      case sectionId.memory:
        return this.#memories(output)
      case sectionId.global:
        return this.#globals(reader, output)
      case sectionId.start:
        return
      case sectionId.element:
        return this.#elements(reader, output)
      case sectionId.data:
        return this.#data(output)
      default:
        output.bytes(bytes.subarray(whole.start, whole.end))
    }
  }

  /** Tables that nothing filled at the start had no element section. */
  end(output: Writer): void {
    if (!this.#elementsWritten) this.#elements(undefined, output)
  }

  #imports(output: Writer): void {
    const { bytes, imports, memories } = this.#structure
    const contents = new Writer().u32(imports.length)
    for (const { kind, index, module, name, range } of imports) {
      if (kind !== 'memory') contents.bytes(bytes.subarray(range.start, range.end))
      else
        writeLimits(contents.name(module).name(name).byte(0x02), {
          ...memories[index]!.limits,
          minimum: this.#state.memoryPages[index]!,
        })
    }
    output.section(sectionId.import, contents)
  }

  #memories(output: Writer): void {
    const { memories } = this.#structure
    const contents = new Writer().u32(memories.filter(({ imported }) => !imported).length)
    for (const [index, { limits, imported }] of memories.entries())
      if (!imported) writeLimits(contents, { ...limits, minimum: this.#state.memoryPages[index]! })
    output.section(sectionId.memory, contents)
  }

  #tables(reader: Reader, output: Writer): void {
    const { bytes, tables } = this.#structure
    const count = reader.count()
    const contents = new Writer().u32(count)
    const first = tables.length - count
    for (let table = first; table < tables.length; table++) {
      const start = reader.position
      const initialised = bytes[start] === 0x40
      if (initialised) reader.skip(2)
      readValueType(reader)
      const behindType = reader.position
      const limits = readLimits(reader)
      const behindLimits = reader.position
      if (initialised) skipExpression(reader)
      contents.bytes(bytes.subarray(start, behindType))
      writeLimits(contents, { ...limits, minimum: this.#state.tables.get(table)?.length ?? limits.minimum })
      contents.bytes(bytes.subarray(behindLimits, reader.position))
    }
    output.section(sectionId.table, contents)
  }

  #globals(reader: Reader, output: Writer): void {
    const { bytes, globals } = this.#structure
    const count = reader.count()
    const contents = new Writer().u32(count)
    for (let global = globals.length - count; global < globals.length; global++) {
      const type = globals[global]!
      const { start, end } = type.initial!
      contents.bytes(bytes.subarray(reader.position, start))
      reader.position = end
      const value = this.#state.globals.get(global)
      if (value === undefined) contents.bytes(bytes.subarray(start, end))
      else writeValue(contents, type, value)
    }
    output.section(sectionId.global, contents)
  }

  #elements(reader: Reader | undefined, output: Writer): void {
    this.#elementsWritten = true
    const { tables } = this.#structure
    const own = reader?.count() ?? 0
    const segments = new Writer()
    for (let segment = 0; segment < own; segment++) this.#element(reader!, segments)
    let added = 0
    for (const [table, entries] of this.#state.tables) {
      const { type, limits } = tables[table]!
      for (const [from, to] of runs(entries)) {
        added++
        segments.byte(0x06).u32(table)
        segments
          .byte(limits.is64 ? 0x42 : 0x41)
          .s64(BigInt(limits.is64 ? from : from | 0))
          .byte(0x0b)
        writeValueType(segments, type)
        segments.u32(to - from)
        for (const index of entries.subarray(from, to)) segments.byte(0xd2).u32(index).byte(0x0b)
      }
    }
    if (own + added > 0)
      output.section(sectionId.element, new Writer().u32(own + added).bytes(segments.written))
  }

  /** One segment as it was, or where its table is in the state, and it is active, as a declarative one. */
  #element(reader: Reader, to: Writer): void {
    const { bytes } = this.#structure
    const start = reader.position
    const flags = reader.u32()
    const active = (flags & 1) === 0
    const explicit = (flags & 2) !== 0
    const expressions = (flags & 4) !== 0
    const table = active && explicit ? reader.u32() : 0
    if (active) skipExpression(reader)
    const behindOffset = reader.position
    if (!active || explicit) {
      if (expressions) readValueType(reader)
      else reader.byte()
    }
    const list = reader.position
    for (let rest = reader.count(); rest > 0; rest--) {
      if (expressions) skipExpression(reader)
      else reader.skipLeb(5)
    }
    if (!active || !this.#state.tables.has(table)) {
      to.bytes(bytes.subarray(start, reader.position))
      return
    }
    to.byte(expressions ? 0x07 : 0x03)
    if (explicit) to.bytes(bytes.subarray(behindOffset, list))
    else to.byte(expressions ? heapType.func : 0x00)
    to.bytes(bytes.subarray(list, reader.position))
  }

  #data(output: Writer): void {
    const { bytes, data, memories } = this.#structure
    const contents = new Writer().u32(data.length)
    for (const { memory, contents: range } of data) {
      if (memory === undefined) {
        contents
          .u32(1)
          .u32(range.end - range.start)
          .bytes(bytes.subarray(range.start, range.end))
        continue
      }
      if (memory === 0) contents.byte(0)
      else contents.byte(2).u32(memory)
      contents.byte(memories[memory]!.limits.is64 ? 0x42 : 0x41, 0, 0x0b, 0)
    }
    output.section(sectionId.data, contents)
  }
}

/** An initial expression. */
function writeValue(to: Writer, { type }: GlobalType, value: GlobalState): void {
  if (value.kind === 'function') to.byte(0xd2).u32(value.index)
  else if (value.kind === 'null') {
    to.byte(0xd0)
    if (type.heap === undefined) to.byte(type.code)
    else to.s64(BigInt(type.heap))
  } else writeBits(to, type.code, value.bits)
  to.byte(0x0b)
}

function writeBits(to: Writer, type: number, bits: readonly bigint[]): void {
  const low = bits[0]!
  switch (type) {
    case valueTypeCode.i32:
      to.byte(0x41).s64(BigInt.asIntN(32, low))
      return
    case valueTypeCode.i64:
      to.byte(0x42).s64(low)
      return
    case valueTypeCode.f32:
      return writeBytes(to.byte(0x43), low, 4)
    case valueTypeCode.f64:
      return writeBytes(to.byte(0x44), low, 8)
    default:
      to.byte(0xfd, 0x0c)
      for (const half of bits) writeBytes(to, half, 8)
  }
}

function writeBytes(to: Writer, bits: bigint, bytes: number): void {
  for (let byte = 0; byte < bytes; byte++) to.byte(Number((bits >> BigInt(8 * byte)) & 0xffn))
}

/** Where entries are not null. */
function* runs(entries: Int32Array): Generator<readonly [from: number, to: number]> {
  for (let from = 0; from < entries.length; from++) {
    if (entries[from]! < 0) continue
    let to = from
    while (to < entries.length && entries[to]! >= 0) to++
    yield [from, to]
    from = to
  }
}

function skipExpression(reader: Reader): void {
  const walker = new InstructionWalker(reader)
  do walker.next()
  while (walker.opcode !== 0x0b || walker.shape !== immediates.none)
}
