/**
 * The functions that the rewrite appends to a module.
 *
 * V8's trap handler covers plain loads and stores: beyond the logical size they hit a protected page and become a
 * RuntimeError. Bulk and atomic instructions run in V8's C++ or without the handler, where the same page kills the
 * process. So each of those is replaced by a call to a helper of the same type that checks the logical size first, and
 * traps natively beyond it, with V8's own message:
 *
 *   memory.fill(d, v, n)  ->  if u64(d) + u64(n) > size: trap; memory.fill
 *   i32.atomic.load off=8 ->  if u64(a) > size - (8 + 4): trap; i32.atomic.load off=0 at a + 8
 *
 * One helper per instruction and set of immediates; all memories here are 32-bit, so the sums fit 64 bits.
 * `memory.grow` has a helper too: it reaches the host through the appended table, entry number = memory index.
 *
 * One more helper takes no instruction's place: `reset` sets every global that a use may have changed to its initial
 * expression again, whatever its type, and empties the tables with a logical size (`table-helpers.ts`), so that a live
 * instance can serve the next use.
 */
import type { Signature, TableHelper, TableIndices } from './table-helpers.ts'
import { emptyTable, tableHelperBody, tableHelperSignature } from './table-helpers.ts'
import { valueTypeCode } from './types.ts'
import { Writer } from './writer.ts'

export type Helper = MemoryHelper | TableHelper | { readonly kind: 'reset' }

export interface MemoryHelper {
  readonly kind: 'grow' | 'fill' | 'copy' | 'init' | 'atomic'
  /** The memory, the destination of a copy. */
  readonly memory: number
  /** The source memory of a copy, the segment of an init, the alignment (logarithm) of an atomic access. */
  readonly second: number
  /** The sub-opcode of an atomic instruction. */
  readonly opcode: number
  /** The static offset of an atomic access in bytes. */
  readonly offset: bigint
}

/** Indices that the rewrite gave to what it appended. */
export interface AppendedIndices extends TableIndices {
  /** The global with the logical size in pages of a memory. */
  sizeGlobal(memory: number): number
  /** What the module declares as a memory's greatest size, in bytes. */
  maximumBytes(memory: number): number
  readonly growTable: number
  /** The type `(i32) -> (i32)`. */
  readonly growType: number
  /** What `reset` sets: globals, each with the bytes of its initial expression, `end` included. */
  readonly resetGlobals: Iterable<readonly [global: number, expression: Uint8Array]>
  /** The tables with a logical size, which `reset` empties. */
  readonly sizedTables: readonly number[]
}

const { i32, i64 } = valueTypeCode

/** The helper's type, that of the instruction which it stands for. */
export function helperSignature(helper: Helper): Signature {
  switch (helper.kind) {
    case 'grow':
      return { parameters: [i32], results: [i32] }
    case 'fill':
    case 'copy':
    case 'init':
      return { parameters: [i32, i32, i32], results: [] }
    case 'atomic':
      return atomicSignature(helper.opcode)
    case 'reset':
      return { parameters: [], results: [] }
    default:
      return tableHelperSignature(helper.kind)
  }
}

const notify = 0x00
const wait32 = 0x01
const wait64 = 0x02
const firstLoad = 0x10
const firstStore = 0x17
const firstReadModifyWrite = 0x1e
const firstCompareExchange = 0x48

/** Each family has its accesses in this order: i32, i64, i32 of 8 and 16 bits, i64 of 8, 16 and 32 bits. */
const familyTypes = [i32, i64, i32, i32, i64, i64, i64]
const familyBytes = [4, 8, 1, 2, 1, 2, 4]

const familyMember = (opcode: number): number => (opcode - firstLoad) % 7

function atomicSignature(opcode: number): Signature {
  if (opcode === notify) return { parameters: [i32, i32], results: [i32] }
  if (opcode === wait32) return { parameters: [i32, i32, i64], results: [i32] }
  if (opcode === wait64) return { parameters: [i32, i64, i64], results: [i32] }
  const type = familyTypes[familyMember(opcode)]!
  if (opcode < firstStore) return { parameters: [i32], results: [type] }
  if (opcode < firstReadModifyWrite) return { parameters: [i32, type], results: [] }
  if (opcode < firstCompareExchange) return { parameters: [i32, type], results: [type] }
  return { parameters: [i32, type, type], results: [type] }
}

/** How many bytes an atomic instruction accesses; its alignment must be exactly that. */
export function atomicBytes(opcode: number): number {
  if (opcode === notify || opcode === wait32) return 4
  return opcode === wait64 ? 8 : familyBytes[familyMember(opcode)]!
}

/** The helper's body, without its size. */
export function helperBody(helper: Helper, indices: AppendedIndices): Writer {
  const body = new Writer()
  switch (helper.kind) {
    case 'grow':
      body.u32(0)
      localGet(body, 0)
      body.byte(0x41).s64(BigInt(helper.memory)) // i32.const: the entry of this memory
      body.byte(0x11).u32(indices.growType).u32(indices.growTable)
      break
    case 'fill':
      body.u32(0)
      checkRange(body, 0, helper.memory, indices)
      localsGet(body, 3)
      body.byte(0xfc).u32(11).u32(helper.memory)
      break
    case 'init':
      body.u32(0)
      checkRange(body, 0, helper.memory, indices)
      localsGet(body, 3)
      body.byte(0xfc).u32(8).u32(helper.second).u32(helper.memory)
      break
    case 'copy':
      body.u32(0)
      checkRange(body, 0, helper.memory, indices)
      checkRange(body, 1, helper.second, indices)
      localsGet(body, 3)
      body.byte(0xfc).u32(10).u32(helper.memory).u32(helper.second)
      break
    case 'atomic':
      atomicBody(body, helper, indices)
      break
    case 'reset':
      body.u32(0)
      for (const [global, expression] of indices.resetGlobals) {
        body.bytes(expression.subarray(0, -1)).byte(0x24).u32(global) // global.set
      }
      for (const table of indices.sizedTables) emptyTable(body, table)
      break
    default:
      tableHelperBody(body, helper, indices)
  }
  return body.byte(0x0b)
}

function localGet(body: Writer, local: number): void {
  body.byte(0x20).u32(local)
}

function localsGet(body: Writer, count: number): void {
  for (let local = 0; local < count; local++) localGet(body, local)
}

/** Pushes the logical size in bytes as i64. */
function sizeBytes(body: Writer, memory: number, indices: AppendedIndices): void {
  body.byte(0x23).u32(indices.sizeGlobal(memory)).byte(0xad) // global.get, i64.extend_i32_u
  body.byte(0x42, 16, 0x86) // i64.const 16, i64.shl
}

/** Traps if `start + local 2` is beyond the memory's logical size. */
function checkRange(body: Writer, start: number, memory: number, indices: AppendedIndices): void {
  localGet(body, start)
  body.byte(0xad)
  localGet(body, 2)
  body.byte(0xad, 0x7c) // i64.add
  sizeBytes(body, memory, indices)
  trapIfGreater(body, memory)
}

/** Traps if the first of the two i64 on the stack is greater (unsigned) than the second. */
function trapIfGreater(body: Writer, memory: number): void {
  body.byte(0x56, 0x04, 0x40) // i64.gt_u, if
  trapOutOfBounds(body, memory)
  body.byte(0x0b)
}

/** V8's own out-of-bounds trap: a load whose address lies beyond any 32-bit memory, at the greatest static offset. */
function trapOutOfBounds(body: Writer, memory: number): void {
  body.byte(0x41, 0x7f) // i32.const -1
  body.byte(0x2d) // i32.load8_u
  if (memory === 0) body.byte(0)
  else body.byte(0x40).u32(memory)
  body.u32(0xffff_ffff).byte(0x1a) // drop
}

/**
 * An extra local holds the effective address. V8 checks alignment before bounds, so a misaligned access is left to the
 * instruction itself, which traps before it touches memory; only a static offset beyond the declared maximum comes first.
 */
function atomicBody(body: Writer, helper: MemoryHelper, indices: AppendedIndices): void {
  const { parameters } = atomicSignature(helper.opcode)
  const bytes = BigInt(atomicBytes(helper.opcode))
  const address = parameters.length
  body.u32(1).u32(1).byte(i64)
  if (helper.offset + bytes > indices.maximumBytes(helper.memory)) trapOutOfBounds(body, helper.memory)
  localGet(body, 0)
  body.byte(0xad, 0x42).s64(helper.offset).byte(0x7c) // i64.const offset, i64.add
  body.byte(0x22).u32(address) // local.tee
  body
    .byte(0x42)
    .s64(bytes - 1n)
    .byte(0x83, 0x50) // i64.and, i64.eqz: aligned
  body.byte(0x04, 0x40)
  localGet(body, address)
  body.byte(0x42).s64(bytes).byte(0x7c)
  sizeBytes(body, helper.memory, indices)
  trapIfGreater(body, helper.memory)
  body.byte(0x0b)
  localGet(body, address)
  body.byte(0xa7) // i32.wrap_i64
  for (let local = 1; local < parameters.length; local++) localGet(body, local)
  body.byte(0xfe).u32(helper.opcode)
  if (helper.memory === 0) body.u32(helper.second)
  else body.u32(helper.second | 0x40).u32(helper.memory)
  body.u32(0)
}
