/**
 * How much of a function may run in one go: the longest of the ways through its code, where a way ends at a check. Adding up
 * all of the code instead would make the loop of an interpreter as heavy as all of its instructions together.
 *
 * One walk forward notes what decides the ways; one pass backward over these notes knows at each place what lies ahead:
 *
 *   ... if  a  else  b  end  c          ahead of `if` is max(a, b) + c
 *   ... br 1                            ahead is what is ahead of that label's end; of a loop's head: a check, so nothing
 *   ... call f                          ahead is the weight of f, unless it checks, and what is ahead behind the call
 *
 * Where a call may lead to deep recursion and much lies behind it, a check is asked for there: unwinding begins no function.
 * Code that catches exceptions has more ways than these, so there every such call gets one.
 */
import { callee } from './callee.ts'
import { control } from './control-opcodes.ts'
import { InstructionWalker } from './instructions.ts'
import { heaviestLoop } from './loop-edges.ts'
import { immediates, plainOpcodes } from './opcodes.ts'
import { Reader } from './reader.ts'
import { skipCommon, stepsOver } from './skip-code.ts'

/** What the pass asks of the functions that are called. */
export interface CallWeights {
  /** By the function's number, or `callee.unknown`: what a call of it weighs; 0 if it checks. */
  weightOf(target: number): number
  /** Whether it can lead to recursion. */
  unwinds(target: number): boolean
}

const note = {
  block: 0,
  if: 1,
  loop: 2,
  counted: 3,
  else: 4,
  end: 5,
  branch: 6,
  branchIf: 7,
  stop: 8,
  call: 9,
  tailCall: 10,
} as const

/** With what decides the ways among what the fast loop stops at. */
const shapes = plainOpcodes.slice()
for (const opcode of Object.values(control)) shapes[opcode] = immediates.unknown
const steps = stepsOver(shapes, false)

export class LongestPaths {
  readonly #reader: Reader
  readonly #walker: InstructionWalker
  readonly #importedFunctions: number
  readonly #counted: ReadonlySet<number>
  // The notes of one body: what, the byte behind the instruction, and a label, a callee or, of ends, the kind of what ends.
  readonly #kinds: number[] = []
  readonly #positions: number[] = []
  readonly #values: number[] = []

  /** @param counted where the bodies of loops begin that have no check, and come to `heaviestLoop` at most */
  constructor(bytes: Uint8Array, importedFunctions: number, counted: ReadonlySet<number>) {
    this.#reader = new Reader(bytes)
    this.#walker = new InstructionWalker(this.#reader)
    this.#importedFunctions = importedFunctions
    this.#counted = counted
  }

  /**
   * The weight of the longest way; `undefined` for code that catches exceptions.
   * @param limit a call that unwinds, with more than this ahead, needs a check behind it
   * @param behind gets the positions behind such calls, from the last to the first
   */
  of(start: number, end: number, calls: CallWeights, limit: number, behind: number[]): number | undefined {
    if (!this.#note(start, end)) return undefined
    const [kinds, positions, values] = [this.#kinds, this.#positions, this.#values]
    /** Per open block, the innermost last: what is ahead of its label, of its end, and of its `else`. */
    const labels: number[] = []
    const ends: number[] = []
    const elses: number[] = []
    const aheadOf = (label: number): number => labels[labels.length - 1 - label] ?? 0
    let ahead = 0
    let at = end
    for (let index = kinds.length - 1; index >= 0; index--) {
      ahead += at - positions[index]!
      at = positions[index]!
      const value = values[index]!
      switch (kinds[index]) {
        case note.end:
          labels.push(value === note.loop ? 0 : value === note.counted ? ahead + heaviestLoop : ahead)
          ends.push(ahead)
          elses.push(-1)
          break
        case note.else:
          elses[elses.length - 1] = ahead
          ahead = ends.at(-1) ?? 0
          break
        case note.if:
        case note.block:
        case note.loop:
        case note.counted: {
          labels.pop()
          const behindIt = ends.pop() ?? 0
          const other = elses.pop() ?? -1
          if (kinds[index] === note.if) ahead = Math.max(ahead, other < 0 ? behindIt : other)
          break
        }
        case note.branch:
          ahead = aheadOf(value)
          break
        case note.branchIf:
          ahead = Math.max(ahead, aheadOf(value))
          break
        case note.stop:
          ahead = 0
          break
        case note.call:
          if (ahead > limit && calls.unwinds(value)) {
            behind.push(at)
            ahead = 0
          }
          ahead += calls.weightOf(value)
          break
        case note.tailCall:
          ahead = calls.weightOf(value)
          break
      }
    }
    return ahead + at - start
  }

  /** The walk forward; false if there are catches. */
  #note(start: number, end: number): boolean {
    this.#kinds.length = 0
    this.#positions.length = 0
    this.#values.length = 0
    const reader = this.#reader
    const walker = this.#walker
    const { bytes } = reader
    reader.position = start
    reader.end = end
    /** The kinds of the open blocks. */
    const open: number[] = []
    while (reader.position < end) {
      skipCommon(reader, steps)
      const from = reader.position
      if (from >= end) break
      walker.next()
      const operand = (): number => new Reader(bytes, from + 1, end).u32()
      switch (bytes[from]) {
        case control.try:
        case control.tryTable:
          return false
        case control.block:
          open.push(this.#add(note.block, 0))
          break
        case control.if:
          open.push(this.#add(note.if, 0))
          break
        case control.loop:
          open.push(this.#add(this.#counted.has(reader.position) ? note.counted : note.loop, 0))
          break
        case control.else:
          this.#add(note.else, 0)
          break
        case control.end:
          this.#add(note.end, open.pop() ?? note.block)
          break
        case control.br:
          this.#add(note.branch, operand())
          break
        case control.brIf:
        case control.brOnNull:
        case control.brOnNonNull:
          this.#add(note.branchIf, operand())
          break
        case control.brTable: {
          const labels = new Reader(bytes, from + 1, end)
          for (let rest = labels.count() + 1; rest > 0; rest--) this.#add(note.branchIf, labels.u32())
          this.#add(note.stop, 0)
          break
        }
        case control.unreachable:
        case control.throw:
        case control.throwRef:
        case control.return:
          this.#add(note.stop, 0)
          break
        case control.call:
        case control.returnCall: {
          const target = operand() - this.#importedFunctions
          const tail = bytes[from] === control.returnCall
          if (target >= 0) this.#add(tail ? note.tailCall : note.call, target)
          else if (tail) this.#add(note.stop, 0)
          break
        }
        case control.callIndirect:
        case control.callRef:
          this.#add(note.call, callee.unknown)
          break
        case control.returnCallIndirect:
        case control.returnCallRef:
          this.#add(note.tailCall, callee.unknown)
          break
        default:
          if (walker.shape === immediates.castBranch) this.#add(note.branchIf, castLabel(bytes, from, end))
      }
    }
    return true
  }

  #add(kind: number, value: number): number {
    this.#kinds.push(kind)
    this.#positions.push(this.#reader.position)
    this.#values.push(value)
    return kind
  }
}

/** Behind the prefix: the opcode, flags, the label. */
function castLabel(bytes: Uint8Array, from: number, end: number): number {
  const reader = new Reader(bytes, from + 1, end)
  reader.u32()
  reader.byte()
  return reader.u32()
}
