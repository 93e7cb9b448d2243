/**
 * Loops that end soon by themselves, and so need no check: those that count up to a constant, as AssemblyScript writes them.
 *
 *   loop                                        guard: v < N, unsigned, so N - 1 at most
 *     get v  i32.const N  i32.lt_u  if
 *       ...                                     neither calls nor loops, and v is not set
 *       get v  i32.const c  i32.add  set v      step: c more, without overflow
 *       br 1                                    the only back edge
 *     end
 *   end
 *
 * `v` is a local or a global. Whatever it starts from, there are at most N / c turns. What does not look like this has
 * its check: signed comparisons and `i32.ne` would need to know the start.
 */
import { InstructionWalker } from './instructions.ts'
import { immediates } from './opcodes.ts'
import { Reader } from './reader.ts'

const opcodes = {
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  call: 0x10,
  lastCall: 0x15,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32LtU: 0x49,
  i32Add: 0x6a,
} as const

/**
 * How often the body at `[start, end)` runs at most, for a loop with one back edge: a `br`, which begins at byte `edge`;
 * `undefined` where that is not known.
 */
export function turnsOfCountedLoop(
  bytes: Uint8Array,
  start: number,
  edge: number,
  end: number,
): number | undefined {
  const guard = readGuard(bytes, start, end)
  if (guard === undefined) return undefined
  const step = readStep(bytes, guard, edge, end)
  if (step === undefined || step < 1 || guard.limit + step > 0xffff_ffff) return undefined
  return Math.ceil(guard.limit / step)
}

interface Guard {
  /** The instruction that gets the counter, and the one that sets it. */
  readonly get: number
  readonly set: number
  /** The number of the local or the global. */
  readonly counter: number
  readonly limit: number
  /** The first byte behind it. */
  readonly behind: number
}

function readGuard(bytes: Uint8Array, start: number, end: number): Guard | undefined {
  // Most loops begin otherwise.
  const get = bytes[start]!
  if (get !== opcodes.localGet && get !== opcodes.globalGet) return undefined
  const reader = new Reader(bytes, start + 1, end)
  const counter = reader.u32()
  if (reader.byte() !== opcodes.i32Const) return undefined
  const limit = reader.s32() >>> 0
  if (reader.byte() !== opcodes.i32LtU || reader.byte() !== opcodes.if) return undefined
  // With a type of its own it could take values, or be an index: not needed here.
  if (reader.byte() !== 0x40) return undefined
  const set = get === opcodes.localGet ? opcodes.localSet : opcodes.globalSet
  return { get, set, counter, limit, behind: reader.position }
}

/** Walks the guarded code up to the back edge: what is added before it, if nothing else of the body is in the way. */
function readStep(bytes: Uint8Array, guard: Guard, edge: number, end: number): number | undefined {
  const reader = new Reader(bytes, guard.behind, end)
  const walker = new InstructionWalker(reader)
  /** Where the last four instructions began. */
  const last = [0, 0, 0, 0]
  let depth = 1
  let sets = 0
  while (reader.position < edge) {
    const from = reader.position
    const opcode = bytes[from]!
    if (opcode === opcodes.loop || (opcode >= opcodes.call && opcode <= opcodes.lastCall)) return undefined
    walker.next()
    if (walker.shape === immediates.blockType || walker.shape === immediates.tryTable) depth++
    else if (opcode === opcodes.end) depth--
    // Beyond the guarded part.
    if (depth === 0 || (depth === 1 && opcode === opcodes.else)) return undefined
    if (changes(bytes, from, guard)) sets++
    last.shift()
    last.push(from)
  }
  if (reader.position !== edge || sets !== 1) return undefined
  return readAddition(bytes, guard, last, edge)
}

function changes(bytes: Uint8Array, from: number, { set, counter }: Guard): boolean {
  const opcode = bytes[from]!
  const tees = set === opcodes.localSet && opcode === opcodes.localTee
  return (opcode === set || tees) && new Reader(bytes, from + 1).u32() === counter
}

/** `get v, i32.const c, i32.add, set v`, right before the edge. */
function readAddition(
  bytes: Uint8Array,
  { get, set, counter }: Guard,
  [first, second, third, fourth]: readonly number[],
  edge: number,
): number | undefined {
  const begins = (at: number, opcode: number): boolean => bytes[at] === opcode
  if (!begins(first!, get) || !begins(second!, opcodes.i32Const)) return undefined
  if (!begins(third!, opcodes.i32Add) || !begins(fourth!, set)) return undefined
  const numberAt = (at: number): number => new Reader(bytes, at + 1, edge).u32()
  if (numberAt(first!) !== counter || numberAt(fourth!) !== counter) return undefined
  return new Reader(bytes, second! + 1, edge).s32()
}
