/**
 * A binary as a list of sections, and a section as a list of entries, for mutations that keep the rest well-formed.
 *
 * Lenient: bytes that are no section any more are kept as a tail, and a section whose entries cannot be told apart is left
 * to the mutations of bytes.
 */
import { InstructionWalker } from '../src/binary/instructions.ts'
import { sectionId } from '../src/binary/module-structure.ts'
import { immediates } from '../src/binary/opcodes.ts'
import { Reader } from '../src/binary/reader.ts'
import { readLimits, readRecursionGroup, readValueType } from '../src/binary/types.ts'
import { Writer } from '../src/binary/writer.ts'

export type Bytes = Uint8Array<ArrayBuffer>

export interface Part {
  readonly id: number
  readonly body: Uint8Array
}

export interface Parts {
  readonly sections: readonly Part[]
  readonly tail: Uint8Array
}

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

export function split(bytes: Uint8Array): Parts {
  const sections: Part[] = []
  const reader = new Reader(bytes, Math.min(8, bytes.length))
  let position = reader.position
  try {
    while (!reader.done) {
      position = reader.position
      const id = reader.byte()
      const size = reader.u32()
      const start = reader.position
      reader.skip(size)
      sections.push({ id, body: bytes.subarray(start, start + size) })
      position = reader.position
    }
  } catch {
    // What follows is no section.
  }
  return { sections, tail: bytes.subarray(position) }
}

export function join({ sections, tail }: Parts): Bytes {
  const output = new Writer().byte(...header)
  for (const { id, body } of sections) output.byte(id).u32(body.length).bytes(body)
  return output.bytes(tail).written.slice()
}

/** The section's entries; `undefined` where it has none, or they cannot be told apart. */
export function entriesOf({ id, body }: Part): Uint8Array[] | undefined {
  const skip = skipEntry[id]
  if (!skip) return undefined
  try {
    const reader = new Reader(body)
    const entries: Uint8Array[] = []
    for (let rest = reader.count(); rest > 0; rest--) {
      const start = reader.position
      skip(reader)
      entries.push(body.subarray(start, reader.position))
    }
    return reader.done ? entries : undefined
  } catch {
    return undefined
  }
}

export function fromEntries(
  id: number,
  entries: readonly Uint8Array[],
  count: number = entries.length,
): Part {
  const output = new Writer().u32(count)
  for (const entry of entries) output.bytes(entry)
  return { id, body: output.written.slice() }
}

/** A function body: the declarations of its locals, and where each instruction starts; the last number is its end. */
export interface Body {
  readonly bytes: Uint8Array
  readonly starts: readonly number[]
}

/** @param entry an entry of the code section, its size first */
export function bodyOf(entry: Uint8Array): Body | undefined {
  try {
    const reader = new Reader(entry)
    reader.u32()
    const bytes = entry.subarray(reader.position)
    reader.position = 0
    const inside = new Reader(bytes)
    for (let rest = inside.count(); rest > 0; rest--) {
      inside.u32()
      readValueType(inside)
    }
    const walker = new InstructionWalker(inside)
    const starts = [inside.position]
    while (!inside.done) {
      walker.next()
      starts.push(inside.position)
    }
    return { bytes, starts }
  } catch {
    return undefined
  }
}

export function fromBody(bytes: Uint8Array): Uint8Array {
  return new Writer().u32(bytes.length).bytes(bytes).written.slice()
}

function skipExpression(reader: Reader): void {
  const walker = new InstructionWalker(reader)
  do walker.next()
  while (walker.opcode !== 0x0b || walker.shape !== immediates.none)
}

function skipImport(reader: Reader): void {
  reader.name()
  reader.name()
  switch (reader.byte()) {
    case 0:
      reader.u32()
      break
    case 1:
      readValueType(reader)
      readLimits(reader)
      break
    case 2:
      readLimits(reader)
      break
    case 3:
      readValueType(reader)
      reader.byte()
      break
    default:
      reader.byte()
      reader.u32()
  }
}

function skipTable(reader: Reader): void {
  const initialised = reader.bytes[reader.position] === 0x40
  if (initialised) reader.skip(2)
  readValueType(reader)
  readLimits(reader)
  if (initialised) skipExpression(reader)
}

function skipGlobal(reader: Reader): void {
  readValueType(reader)
  reader.byte()
  skipExpression(reader)
}

function skipExport(reader: Reader): void {
  reader.name()
  reader.byte()
  reader.u32()
}

function skipElement(reader: Reader): void {
  const flags = reader.u32()
  if ((flags & 1) === 0) {
    if (flags & 2) reader.u32()
    skipExpression(reader)
  }
  if (flags & 3) {
    if (flags & 4) readValueType(reader)
    else reader.byte()
  }
  for (let rest = reader.count(); rest > 0; rest--) {
    if (flags & 4) skipExpression(reader)
    else reader.u32()
  }
}

function skipData(reader: Reader): void {
  const flags = reader.u32()
  if (flags === 2) reader.u32()
  if (flags !== 1) skipExpression(reader)
  reader.skip(reader.u32())
}

const skipEntry: Record<number, (reader: Reader) => void> = {
  [sectionId.type]: (reader) => readRecursionGroup(reader, []),
  [sectionId.import]: skipImport,
  [sectionId.function]: (reader) => void reader.u32(),
  [sectionId.table]: skipTable,
  [sectionId.memory]: (reader) => void readLimits(reader),
  [sectionId.global]: skipGlobal,
  [sectionId.export]: skipExport,
  [sectionId.element]: skipElement,
  [sectionId.code]: (reader) => reader.skip(reader.u32()),
  [sectionId.data]: skipData,
  [sectionId.tag]: (reader) => {
    reader.byte()
    reader.u32()
  },
}
