/**
 * Helpers for atomic instructions: their types, by the pattern of their opcodes, and a body that checks the logical size.
 * Source: the threads proposal, binary format.
 */
import type { MemoryIndices } from './bounds-checks.ts'
import {
  addressType,
  localGet,
  sizeBytes,
  trapIfGreater,
  trapOutOfBounds,
  wideLocalGet,
} from './bounds-checks.ts'
import type { PlainSignature } from './types.ts'
import { valueTypeCode } from './types.ts'
import type { Writer } from './writer.ts'

/** One atomic instruction with its immediates. */
export interface AtomicAccess {
  readonly memory: number
  /** Whether the memory's addresses are i64. */
  readonly is64: boolean
  /** The alignment's logarithm. */
  readonly second: number
  readonly opcode: number
  readonly offset: bigint
}

const { i32, i64 } = valueTypeCode

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

export function atomicSignature(opcode: number, is64: boolean): PlainSignature {
  const address = addressType(is64)
  if (opcode === notify) return { parameters: [address, i32], results: [i32] }
  if (opcode === wait32) return { parameters: [address, i32, i64], results: [i32] }
  if (opcode === wait64) return { parameters: [address, i64, i64], results: [i32] }
  const type = familyTypes[familyMember(opcode)]!
  if (opcode < firstStore) return { parameters: [address], results: [type] }
  if (opcode < firstReadModifyWrite) return { parameters: [address, type], results: [] }
  if (opcode < firstCompareExchange) return { parameters: [address, type], results: [type] }
  return { parameters: [address, type, type], results: [type] }
}

/** How many bytes an atomic instruction accesses; its alignment must be exactly that. */
export function atomicBytes(opcode: number): number {
  if (opcode === notify || opcode === wait32) return 4
  return opcode === wait64 ? 8 : familyBytes[familyMember(opcode)]!
}

/**
 * An extra local holds the effective address. V8 checks alignment before bounds, so a misaligned access is left to the
 * instruction itself, which traps before it touches memory; only a static offset beyond the declared maximum comes first.
 * With 64-bit addresses the sum may have wrapped around: its low bits, which say whether it is aligned, are right even so.
 */
export function atomicBody(body: Writer, helper: AtomicAccess, indices: MemoryIndices): void {
  const { is64 } = helper
  const { parameters } = atomicSignature(helper.opcode, is64)
  const bytes = BigInt(atomicBytes(helper.opcode))
  const effective = parameters.length
  body.u32(1).u32(1).byte(i64)
  if (helper.offset + bytes > indices.maximumBytes(helper.memory)) trapOutOfBounds(body, helper)
  wideLocalGet(body, { local: 0, is64 })
  body.byte(0x42).s64(helper.offset).byte(0x7c) // i64.const offset, i64.add
  body.byte(0x22).u32(effective) // local.tee
  body
    .byte(0x42)
    .s64(bytes - 1n)
    .byte(0x83, 0x50) // i64.and, i64.eqz: aligned
  body.byte(0x04, 0x40)
  if (is64) {
    // An address within the size: from here on no sum overflows, unless the trap above has come already.
    localGet(body, 0)
    sizeBytes(body, helper, indices)
    trapIfGreater(body, helper)
  }
  localGet(body, effective)
  body.byte(0x42).s64(bytes).byte(0x7c)
  sizeBytes(body, helper, indices)
  trapIfGreater(body, helper)
  body.byte(0x0b)
  localGet(body, effective)
  if (!is64) body.byte(0xa7) // i32.wrap_i64
  for (let local = 1; local < parameters.length; local++) localGet(body, local)
  body.byte(0xfe).u32(helper.opcode)
  if (helper.memory === 0) body.u32(helper.second)
  else body.u32(helper.second | 0x40).u32(helper.memory)
  body.u32(0)
}
