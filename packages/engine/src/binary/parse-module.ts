/** Takes a module's sections apart, except for the function bodies (`scan-code.ts` walks those). */
import { readConstantExpression } from './constant-expression.ts'
import type {
  ConstantArray,
  DataSegment,
  ExportEntry,
  ExternalKind,
  GlobalType,
  ImportEntry,
  MemoryType,
  ModuleStructure,
  Section,
  TableType,
} from './module-structure.ts'
import { sectionId, sectionOrder } from './module-structure.ts'
import { Reader } from './reader.ts'
import type { DefinedType } from './types.ts'
import { readLimits, readRecursionGroup, readValueType } from './types.ts'
import { UnknownFeatureError, unknownSection } from './unknown-opcode.ts'

const externalKinds: readonly ExternalKind[] = ['function', 'table', 'memory', 'global', 'tag']

/** Of the custom descriptors proposal: a function of exactly the declared type. */
const exactFunction = 0x20

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }

/** How many entries of a section are read between two yields. */
const sliceEntries = 2048

export function* parseModule(bytes: Uint8Array): Generator<void, ModuleStructure> {
  const sections = splitSections(bytes)
  const filledTables = new Set<number>()
  const constantArrays: ConstantArray[] = []
  const structure: Mutable<ModuleStructure> = {
    bytes,
    sections,
    types: [],
    imports: [],
    exports: [],
    functionTypes: [],
    importedFunctions: 0,
    tables: [],
    memories: [],
    globals: [],
    tagTypes: [],
    start: undefined,
    filledTables,
    longestElements: 0,
    allElements: 0,
    data: [],
    constantArrays,
  }
  for (const section of sections) {
    const reader = new Reader(bytes, section.contents.start, section.contents.end)
    if (section.id === sectionId.element) yield* readElements(reader, structure, filledTables)
    else yield* readSection(section.id, reader, structure)
  }
  return structure
}

function splitSections(bytes: Uint8Array): Section[] {
  const reader = new Reader(bytes)
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  for (const expected of header) if (reader.byte() !== expected) reader.fail('not a WebAssembly module')
  const sections: Section[] = []
  let place = -1
  while (!reader.done) {
    const start = reader.position
    const id = reader.byte()
    const size = reader.u32()
    const contents = { start: reader.position, end: reader.position + size }
    reader.skip(size)
    if (id !== sectionId.custom) {
      const next = sectionOrder.indexOf(id)
      if (next < 0) throw unknownSection(id)
      if (next <= place) reader.fail(`section ${id} out of order`)
      place = next
    }
    sections.push({ id, whole: { start, end: contents.end }, contents })
  }
  return sections
}

function* readSection(id: number, reader: Reader, into: Mutable<ModuleStructure>): Generator<void> {
  switch (id) {
    case sectionId.type:
      yield* vector(reader, () => readRecursionGroup(reader, into.types as DefinedType[]))
      break
    case sectionId.import:
      yield* vector(reader, () => into.imports.push(readImport(reader, into)))
      break
    case sectionId.function:
      yield* vector(reader, () => into.functionTypes.push(reader.u32()))
      break
    case sectionId.table:
      yield* vector(reader, () => into.tables.push(readTable(reader, into.constantArrays)))
      break
    case sectionId.memory:
      yield* vector(reader, () => into.memories.push({ limits: readLimits(reader), imported: false }))
      break
    case sectionId.global:
      yield* vector(reader, () => {
        const type = readGlobalType(reader, false)
        into.globals.push({ ...type, initial: readConstantExpression(reader, into.constantArrays) })
      })
      break
    case sectionId.export:
      yield* vector(reader, () => into.exports.push(readExport(reader)))
      break
    case sectionId.start:
      into.start = reader.u32()
      break
    case sectionId.data:
      yield* vector(reader, () => into.data.push(readDataSegment(reader, into.constantArrays)))
      break
    case sectionId.tag:
      yield* vector(reader, () => {
        into.tagTypes.push(readTag(reader))
      })
      break
    default:
      // Custom sections, the data count and code are carried over as they are, or walked elsewhere.
      return
  }
  if (!reader.done) reader.fail(`section ${id} has bytes left over`)
}

function* vector(reader: Reader, entry: () => void): Generator<void> {
  for (let rest = reader.count(); rest > 0; rest--) {
    entry()
    if (rest % sliceEntries === 0) yield
  }
}

function readImport(reader: Reader, into: Mutable<ModuleStructure>): ImportEntry {
  const start = reader.position
  const module = reader.name()
  const name = reader.name()
  const kind = readExternalKind(reader)
  const index = importedIndex(kind, reader, into)
  return { module, name, kind, index, range: { start, end: reader.position } }
}

/** Reads the import's type into its index space, and says which index it took. */
function importedIndex(kind: ExternalKind, reader: Reader, into: Mutable<ModuleStructure>): number {
  switch (kind) {
    case 'function':
      into.functionTypes.push(reader.u32())
      return into.importedFunctions++
    case 'table': {
      const type = readValueType(reader)
      return into.tables.push({ type, limits: readLimits(reader), imported: true, initialised: false }) - 1
    }
    case 'memory':
      return into.memories.push({ limits: readLimits(reader), imported: true } satisfies MemoryType) - 1
    case 'global':
      return into.globals.push(readGlobalType(reader, true)) - 1
    case 'tag':
      return into.tagTypes.push(readTag(reader)) - 1
  }
}

function readExternalKind(reader: Reader): ExternalKind {
  const byte = reader.byte()
  const kind = externalKinds[byte]
  if (kind !== undefined) return kind
  throw new UnknownFeatureError(
    `an import or export of kind ${byte}`,
    byte === exactFunction ? 'the custom descriptors proposal' : undefined,
  )
}

/** Returns the tag's type index. */
function readTag(reader: Reader): number {
  reader.u32() // attribute: an exception; V8 takes a LEB128 of any length
  return reader.u32()
}

function readTable(reader: Reader, arrays: ConstantArray[]): TableType {
  // 0x40 0x00 introduces a table with an initialiser expression.
  const initialised = reader.bytes[reader.position] === 0x40
  if (initialised) reader.skip(2)
  const type = readValueType(reader)
  const start = reader.position
  const limits = readLimits(reader)
  const limitsRange = { start, end: reader.position }
  if (initialised) readConstantExpression(reader, arrays)
  return { type, limits, limitsRange, imported: false, initialised }
}

function readGlobalType(reader: Reader, imported: boolean): GlobalType {
  const type = readValueType(reader)
  const flags = reader.byte()
  if (flags > 1) throw new UnknownFeatureError('a shared global', 'the shared-everything threads proposal')
  return { type, mutable: flags === 1, imported }
}

function readExport(reader: Reader): ExportEntry {
  const name = reader.name()
  return { name, kind: readExternalKind(reader), index: reader.u32() }
}

function readDataSegment(reader: Reader, arrays: ConstantArray[]): DataSegment {
  const flags = reader.u32()
  if (flags > 2) reader.fail('unknown flags of a data segment')
  const memory = flags === 1 ? undefined : flags === 2 ? reader.u32() : 0
  const offset = memory === undefined ? undefined : readConstantExpression(reader, arrays)
  const length = reader.u32()
  const start = reader.position
  reader.skip(length)
  return { memory, offset, contents: { start, end: reader.position } }
}

/** Notes which tables are filled, and how long segments are; the segments themselves are carried over as they are. */
function* readElements(
  reader: Reader,
  into: Mutable<ModuleStructure>,
  filledTables: Set<number>,
): Generator<void> {
  const { constantArrays } = into
  for (let rest = reader.count(); rest > 0; rest--) {
    const flags = reader.u32()
    if (flags > 7) reader.fail('unknown flags of an element segment')
    const active = (flags & 1) === 0
    const explicit = (flags & 2) !== 0
    const expressions = (flags & 4) !== 0
    if (active) {
      filledTables.add(explicit ? reader.u32() : 0)
      readConstantExpression(reader, constantArrays)
    }
    if (!active || explicit) {
      if (expressions) readValueType(reader)
      else reader.byte() // element kind
    }
    let entries = 0
    yield* vector(reader, () => {
      if (expressions) readConstantExpression(reader, constantArrays)
      else reader.skipLeb(5)
      entries++
    })
    into.longestElements = Math.max(into.longestElements, entries)
    into.allElements += entries
  }
}
