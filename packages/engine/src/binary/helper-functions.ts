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
 * One helper per instruction and set of immediates. `memory.grow` has a helper too: it reaches the host through the
 * appended table, entry number = memory index. The table's functions take and give i32 for every memory: a 64-bit memory
 * cannot grow by as many pages either, so its helper answers what does not fit by itself.
 *
 * One more helper takes no instruction's place: `reset` sets every global that a use may have changed to its initial
 * expression again, whatever its type, and empties the tables with a logical size (`table-helpers.ts`), so that a live
 * instance can serve the next use.
 */
import type { ArrayHelper } from './array-helpers.ts'
import { arrayHelperBody, arrayHelperSignature, interruptBody } from './array-helpers.ts'
import { atomicBody, atomicSignature } from './atomic-helpers.ts'
import type { MemoryIndices } from './bounds-checks.ts'
import { addressType, checkRange, localGet, localsGet } from './bounds-checks.ts'
import type { TableHelper, TableIndices } from './table-helpers.ts'
import { emptyTable, tableHelperBody, tableHelperSignature } from './table-helpers.ts'
import type { Signature } from './types.ts'
import { valueTypeCode } from './types.ts'
import { Writer } from './writer.ts'

export type Helper = MemoryHelper | TableHelper | ArrayHelper | { readonly kind: 'reset' | 'interrupt' }

export interface MemoryHelper {
  readonly kind: 'grow' | 'fill' | 'copy' | 'init' | 'atomic'
  /** The memory, the destination of a copy. */
  readonly memory: number
  /** Whether that memory's addresses are i64. */
  readonly is64: boolean
  /** The same of a copy's source memory. */
  readonly second64: boolean
  /** The source memory of a copy, the segment of an init, the alignment (logarithm) of an atomic access. */
  readonly second: number
  /** The sub-opcode of an atomic instruction. */
  readonly opcode: number
  /** The static offset of an atomic access in bytes. */
  readonly offset: bigint
}

/** Indices that the rewrite gave to what it appended. */
export interface AppendedIndices extends MemoryIndices, TableIndices {
  readonly growTable: number
  /** The function that a helper is, by the helper's number. */
  helperFunction(helper: number): number
  /** The type `(i32) -> (i32)`. */
  readonly growType: number
  /** What `reset` sets: globals, each with the bytes of its initial expression, `end` included. */
  readonly resetGlobals: Iterable<readonly [global: number, expression: Uint8Array]>
  /** The tables with a logical size, which `reset` empties. */
  readonly sizedTables: readonly number[]
}

const { i32 } = valueTypeCode

/** The helper's type, that of the instruction which it stands for. */
export function helperSignature(helper: Helper): Signature {
  switch (helper.kind) {
    case 'grow': {
      const pages = addressType(helper.is64)
      return { parameters: [pages], results: [pages] }
    }
    case 'fill': {
      const address = addressType(helper.is64)
      return { parameters: [address, i32, address], results: [] }
    }
    case 'copy': {
      const [to, from] = [addressType(helper.is64), addressType(helper.second64)]
      return { parameters: [to, from, addressType(helper.is64 && helper.second64)], results: [] }
    }
    case 'init':
      return { parameters: [addressType(helper.is64), i32, i32], results: [] }
    case 'atomic':
      return atomicSignature(helper.opcode, helper.is64)
    case 'arrayNew':
      return arrayHelperSignature(helper)
    case 'reset':
    case 'interrupt':
      return { parameters: [], results: [] }
    default:
      return tableHelperSignature(helper.kind)
  }
}

/** The helper's body, without its size. */
export function helperBody(helper: Helper, indices: AppendedIndices): Writer {
  const body = new Writer()
  switch (helper.kind) {
    case 'grow':
      growBody(body, helper, indices)
      break
    case 'fill':
      body.u32(0)
      checkRange(body, helper, 0, { local: 2, is64: helper.is64 }, indices)
      localsGet(body, 3)
      body.byte(0xfc).u32(11).u32(helper.memory)
      break
    case 'init':
      body.u32(0)
      checkRange(body, helper, 0, { local: 2, is64: false }, indices)
      localsGet(body, 3)
      body.byte(0xfc).u32(8).u32(helper.second).u32(helper.memory)
      break
    case 'copy': {
      body.u32(0)
      const length = { local: 2, is64: helper.is64 && helper.second64 }
      checkRange(body, helper, 0, length, indices)
      checkRange(body, { memory: helper.second, is64: helper.second64 }, 1, length, indices)
      localsGet(body, 3)
      body.byte(0xfc).u32(10).u32(helper.memory).u32(helper.second)
      break
    }
    case 'atomic':
      atomicBody(body, helper, indices)
      break
    case 'arrayNew':
      arrayHelperBody(body, helper, (number) => indices.helperFunction(number))
      break
    case 'interrupt':
      interruptBody(body)
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

/** Calls the host; what is no number of 32 bits is more than any memory can grow by. */
function growBody(body: Writer, { memory, is64 }: MemoryHelper, indices: AppendedIndices): void {
  body.u32(0)
  if (is64) {
    localGet(body, 0)
    body.byte(0x42, 32, 0x88, 0x50, 0x45) // i64.const 32, i64.shr_u, i64.eqz, i32.eqz
    body.byte(0x04, 0x40, 0x42, 0x7f, 0x0f, 0x0b) // if: return -1
  }
  localGet(body, 0)
  if (is64) body.byte(0xa7) // i32.wrap_i64
  body.byte(0x41).s64(BigInt(memory)) // i32.const: the entry of this memory
  body.byte(0x11).u32(indices.growType).u32(indices.growTable)
  if (is64) body.byte(0xac) // i64.extend_i32_s
}
