/**
 * Finds the loops and the calls of every function, for the checks of deadlines. A pass of its own over the code, which
 * only engines with deadlines make, so that the other pass has nothing to do with it.
 */
import { InstructionWalker } from './instructions.ts'
import type { ModuleStructure } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { immediates, plainOpcodes } from './opcodes.ts'
import { Reader } from './reader.ts'
import { skipCommon, skipLocals } from './skip-code.ts'

/** How many bytes of code are walked between two yields: about a millisecond's work. */
const sliceBytes = 128 * 1024

/** What stands in place of a callee. */
export const callee = { loop: -1, unknown: -2 } as const

/** By the function's number among those that the module defines. */
export interface CodeSites {
  /** Bytes of each body. */
  readonly sizes: readonly number[]
  /** Where the first instruction of each body is. */
  readonly entries: readonly number[]
  /** Where each function's entries in the list below begin; one more marks the end. */
  readonly firsts: readonly number[]
  /**
   * In the order of the code, three numbers each: first byte, byte after the last, and which function is called, by its
   * number; or one of {@link callee}. For a loop, its first byte is that behind its block type. Calls of imports are left out.
   */
  readonly sites: readonly number[]
}

const loopOpcode = 0x03
const call = 0x10
const returnCall = 0x12
const callIndirect = 0x11
/** return_call_ref; between them are all the others. */
const lastCall = 0x15

/** With calls among what the fast loop stops at. */
const shapes = plainOpcodes.slice()
shapes.fill(immediates.unknown, call, lastCall + 1)

export function* findCalls(structure: ModuleStructure): Generator<void, CodeSites> {
  const found = { sizes: [] as number[], entries: [] as number[], firsts: [0], sites: [] as number[] }
  const section = structure.sections.find((one) => one.id === sectionId.code)
  if (!section) return found
  const reader = new Reader(structure.bytes, section.contents.start, section.contents.end)
  const sectionEnd = reader.end
  const walker = new InstructionWalker(reader)
  let pauseAt = reader.position + sliceBytes
  for (let rest = reader.count(); rest > 0; rest--) {
    const size = reader.u32()
    reader.end = reader.position + size
    skipLocals(reader)
    found.entries.push(reader.position)
    walkBody(walker, structure.importedFunctions, found.sites)
    reader.end = sectionEnd
    found.sizes.push(size)
    found.firsts.push(found.sites.length)
    if (reader.position > pauseAt) {
      yield
      pauseAt = reader.position + sliceBytes
    }
  }
  return found
}

function walkBody(walker: InstructionWalker, importedFunctions: number, sites: number[]): void {
  const { reader } = walker
  const { bytes, end } = reader
  for (;;) {
    skipCommon(reader, shapes)
    const from = reader.position
    if (from >= end) break
    const opcode = bytes[from]!
    if (opcode === call || opcode === returnCall) {
      reader.position++
      const target = reader.u32() - importedFunctions
      if (target >= 0) sites.push(from, reader.position, target)
      continue
    }
    walker.next()
    if (opcode === loopOpcode) sites.push(reader.position, reader.position, callee.loop)
    else if (opcode >= callIndirect && opcode <= lastCall) sites.push(from, reader.position, callee.unknown)
  }
}
