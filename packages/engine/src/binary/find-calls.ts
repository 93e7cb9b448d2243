/**
 * Finds the loops and the calls of every function, for the checks of deadlines. A pass of its own over the code, which
 * only engines with deadlines make, so that the other pass has nothing to do with it.
 */
import { callee } from './callee.ts'
import { control } from './control-opcodes.ts'
import { InstructionWalker } from './instructions.ts'
import { LoopEdges } from './loop-edges.ts'
import type { ModuleStructure } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { immediates, plainOpcodes } from './opcodes.ts'
import { Reader } from './reader.ts'
import { skipCommon, skipLocals, stepsOver } from './skip-code.ts'

/** How many bytes of code are walked between two yields: less than a millisecond's work, two before V8 has optimised it. */
const sliceBytes = 64 * 1024

/** By the function's number among those that the module defines. */
export interface CodeSites {
  /** Bytes of each body that run until it returns, checks, or calls; each instruction once but in short loops. */
  readonly weights: readonly number[]
  /** Where the first instruction of each body is, and where it ends. */
  readonly entries: readonly number[]
  readonly ends: readonly number[]
  /** Where the bodies of loops begin that need no check. */
  readonly counted: ReadonlySet<number>
  /** Where each function's entries in the list below begin; one more marks the end. */
  readonly firsts: readonly number[]
  /**
   * In the order of the code, three numbers each: first byte, byte after the last, and which function is called, by its
   * number; or one of {@link callee}. For a loop, both bytes are that behind its block type. Calls of imports are left out.
   */
  readonly sites: readonly number[]
}

/** With branches, ends and calls among what the fast loop stops at. */
const shapes = plainOpcodes.slice()
shapes.fill(immediates.unknown, control.end, control.brTable)
shapes.fill(immediates.unknown, control.call, control.returnCallRef + 1)
for (const opcode of [control.delegate, control.brOnNull, control.brOnNonNull])
  shapes[opcode] = immediates.unknown
const steps = stepsOver(shapes, false)

export function* findCalls(structure: ModuleStructure): Generator<void, CodeSites> {
  const sites: number[] = []
  const edges = new LoopEdges(structure.bytes, sites)
  const [weights, entries, ends, firsts]: [number[], number[], number[], number[]] = [[], [], [], [0]]
  const found = { weights, entries, ends, firsts, sites, counted: edges.counted }
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
    entries.push(reader.position)
    walkBody(walker, edges, structure.importedFunctions, sites)
    ends.push(reader.end)
    reader.end = sectionEnd
    weights.push(size + edges.weight)
    firsts.push(sites.length)
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
    skipCommon(reader, steps)
    const from = reader.position
    if (from >= end) break
    switch (bytes[from]) {
      case control.end:
        reader.position++
        edges.close(from)
        continue
      case control.br: {
        reader.position++
        const label = reader.u32()
        edges.branch(label, from, reader.position, callee.back)
        continue
      }
      case control.brIf: {
        reader.position++
        const label = reader.u32()
        edges.branch(label, from, reader.position, callee.backIf)
        continue
      }
      case control.call:
      case control.returnCall: {
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
      if (opcode === control.loop) edges.openLoop(reader.position, reader.bytes[from + 1]!)
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
  if (opcode >= control.callIndirect && opcode <= control.returnCallRef)
    sites.push(from, reader.position, callee.unknown)
  else if (opcode === control.delegate) edges.close(from)
  else if (opcode === control.brOnNull || opcode === control.brOnNonNull) edges.anyBranch()
}
