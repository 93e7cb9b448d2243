/**
 * The functions that a reference to can exist of, so that an indirect call may reach them: a valid module declares them by
 * naming them in an element segment, an export, or the initial expression of a global or a table; `ref.func` in code takes
 * declared ones only. Source: WebAssembly core specification 3.0, section 3.5.16 (modules, `refs`).
 */
import { InstructionWalker } from './instructions.ts'
import type { ModuleStructure } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { immediates } from './opcodes.ts'
import { Reader } from './reader.ts'
import { readValueType } from './types.ts'

const refFunc = 0xd2

/** How many element segments' entries are read between two yields. */
const sliceEntries = 8192

/** 1 for those, by the function's number among those that the module defines. */
export function* referencedFunctions(structure: ModuleStructure): Generator<void, Uint8Array> {
  const { bytes, exports, globals, importedFunctions, functionTypes, sections, tables } = structure
  const found = new Uint8Array(functionTypes.length - importedFunctions)
  // Not worth reading what fills them: there are hardly any.
  if (tables.some(({ initialised }) => initialised)) return found.fill(1)
  const note = (index: number): void => {
    if (index >= importedFunctions) found[index - importedFunctions] = 1
  }
  for (const { kind, index } of exports) if (kind === 'function') note(index)
  for (const { initial } of globals) {
    if (initial !== undefined) noteExpression(new Reader(bytes, initial.start, initial.end), note)
  }
  const section = sections.find(({ id }) => id === sectionId.element)
  if (section) yield* noteElements(new Reader(bytes, section.contents.start, section.contents.end), note)
  return found
}

/** The forms of element segments. Source: section 5.5.12. */
function* noteElements(reader: Reader, note: (index: number) => void): Generator<void> {
  for (let segments = reader.count(); segments > 0; segments--) {
    const flags = reader.u32()
    const active = (flags & 1) === 0
    const explicit = (flags & 2) !== 0
    const expressions = (flags & 4) !== 0
    if (active) {
      if (explicit) reader.u32()
      noteExpression(reader, note)
    }
    if (!active || explicit) {
      if (expressions) readValueType(reader)
      else reader.byte()
    }
    for (let entries = reader.count(); entries > 0; entries--) {
      if (entries % sliceEntries === 0) yield
      if (expressions) noteExpression(reader, note)
      else note(reader.u32())
    }
  }
}

function noteExpression(reader: Reader, note: (index: number) => void): void {
  const walker = new InstructionWalker(reader)
  do {
    const from = reader.position
    walker.next()
    if (reader.bytes[from] === refFunc) note(new Reader(reader.bytes, from + 1, reader.position).u32())
  } while (walker.opcode !== 0x0b || walker.shape !== immediates.none)
}
