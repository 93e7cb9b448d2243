/**
 * Finds the loops and the calls of every function, for the checks of deadlines. A pass of its own over the code, which
 * only engines with deadlines make, so that the other pass has nothing to do with it.
 */
import { callee } from './callee.ts'
import { InstructionWalker } from './instructions.ts'
import { LoopEdges } from './loop-edges.ts'
import type { ModuleStructure } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { immediates, plainOpcodes } from './opcodes.ts'
import { Reader } from './reader.ts'
import { skipCommon, skipLocals } from './skip-code.ts'

/** How many bytes of code are walked between two yields: about a millisecond's work. */
const sliceBytes = 128 * 1024

/** By the function's number among those that the module defines. */
export interface CodeSites {
  /** Bytes of each body that run until it returns, checks, or calls; each instruction once but in short loops. */
  readonly weights: readonly number[]
  /** Where the first instruction of each body is. */
  readonly entries: readonly number[]
  /** Where each function's entries in the list below begin; one more marks the end. */
  readonly firsts: readonly number[]
  /**
   * In the order of the code, three numbers each: first byte, byte after the last, and which function is called, by its
   * number; or one of {@link callee}. For a loop, both bytes are that behind its block type. Calls of imports are left out.
   */
  readonly sites: readonly number[]
}

const opcodes = {
  loop: 0x03,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  /** return_call_ref; between them are all the others. */
  lastCall: 0x15,
  delegate: 0x18,
  tryTable: 0x1f,
  brOnNull: 0xd5,
  brOnNonNull: 0xd6,
} as const

/** With branches, ends and calls among what the fast loop stops at. */
const shapes = plainOpcodes.slice()
shapes.fill(immediates.unknown, opcodes.end, opcodes.brTable)
shapes.fill(immediates.unknown, opcodes.call, opcodes.lastCall + 1)
for (const opcode of [opcodes.delegate, opcodes.brOnNull, opcodes.brOnNonNull]) shapes[opcode] = immediates.unknown

export function* findCalls(structure: ModuleStructure): Generator<void, CodeSites> {
  const found = { weights: [] as number[], entries: [] as number[], firsts: [0], sites: [] as number[] }
  const section = structure.sections.find((one) => one.id === sectionId.code)
  if (!section) return found
  const reader = new Reader(structure.bytes, section.contents.start, section.contents.end)
  const sectionEnd = reader.end
  const walker = new InstructionWalker(reader)
  const edges = new LoopEdges(structure.bytes, found.sites)
  let pauseAt = reader.position + sliceBytes
  for (let rest = reader.count(); rest > 0; rest--) {
    const size = reader.u32()
    reader.end = reader.position + size
    skipLocals(reader)
    found.entries.push(reader.position)
    walkBody(walker, edges, structure.importedFunctions, found.sites)
    reader.end = sectionEnd
    found.weights.push(size + edges.weight)
    found.firsts.push(found.sites.length)
    if (reader.position > pauseAt) {
      yield
      pauseAt = reader.position + sliceBytes
    }
  }
  return found
}

function walkBody(
  walker: InstructionWalker,
  edges: LoopEdges,
  importedFunctions: number,
  sites: number[],
): void {
  const { reader } = walker
  const { bytes, end } = reader
  edges.begin()
  for (;;) {
    skipCommon(reader, shapes)
    const from = reader.position
    if (from >= end) break
    switch (bytes[from]) {
      case opcodes.end:
        reader.position++
        edges.close(from)
        continue
      case opcodes.br: {
        reader.position++
        const label = reader.u32()
        edges.branch(label, from, reader.position, callee.back)
        continue
      }
      case opcodes.brIf: {
        reader.position++
        const label = reader.u32()
        edges.branch(label, from, reader.position, callee.backIf)
        continue
      }
      case opcodes.call:
      case opcodes.returnCall: {
        reader.position++
        const target = reader.u32() - importedFunctions
        if (target >= 0) sites.push(from, reader.position, target)
        continue
      }
    }
    walker.next()
    noteOther(walker, edges, from, sites)
  }
}

function noteOther(
  { reader, shape }: InstructionWalker,
  edges: LoopEdges,
  from: number,
  sites: number[],
): void {
  const opcode = reader.bytes[from]!
  switch (shape) {
    case immediates.blockType:
      if (opcode === opcodes.loop) edges.openLoop(reader.position, reader.bytes[from + 1]!)
      else edges.open()
      return
    case immediates.tryTable:
      edges.anyBranch()
      edges.open()
      return
    case immediates.castBranch:
      edges.anyBranch()
      return
    case immediates.labels: {
      const labels = new Reader(reader.bytes, from + 1, reader.position)
      for (let rest = labels.count() + 1; rest > 0; rest--) edges.otherBranch(labels.u32())
      return
    }
  }
  if (opcode >= opcodes.callIndirect && opcode <= opcodes.lastCall)
    sites.push(from, reader.position, callee.unknown)
  else if (opcode === opcodes.delegate) edges.close(from)
  else if (opcode === opcodes.brOnNull || opcode === opcodes.brOnNonNull) edges.anyBranch()
}
