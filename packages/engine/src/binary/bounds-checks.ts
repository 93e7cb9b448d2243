/**
 * The parts that helper functions check logical sizes with, and V8's own trap beyond them.
 *
 * All is computed in i64. A 32-bit address and a length never overflow there; a 64-bit address can be any number, so
 * nothing is added to it before it is known to be within the size, which is at most 4 GiB.
 */
import { valueTypeCode } from './types.ts'
import type { Writer } from './writer.ts'

export interface MemoryIndices {
  /** The global with the logical size in pages of a memory: of the memory's address type. */
  sizeGlobal(memory: number): number
  /** The greatest size that V8 believes a memory may have, in bytes: the module's own maximum, or V8's. */
  maximumBytes(memory: number): number
}

/** A memory, as far as its instructions' types need it. */
export interface AddressedMemory {
  readonly memory: number
  /** Whether its addresses are i64. */
  readonly is64: boolean
}

/** A local of a helper function. */
export interface AddressLocal {
  readonly local: number
  readonly is64: boolean
}

export function addressType(is64: boolean): number {
  return is64 ? valueTypeCode.i64 : valueTypeCode.i32
}

export function localGet(body: Writer, local: number): void {
  body.byte(0x20).u32(local)
}

export function localsGet(body: Writer, count: number): void {
  for (let local = 0; local < count; local++) localGet(body, local)
}

/** Pushes an address or a length as i64. */
export function wideLocalGet(body: Writer, { local, is64 }: AddressLocal): void {
  localGet(body, local)
  if (!is64) body.byte(0xad) // i64.extend_i32_u
}

/** Pushes the logical size in bytes as i64. */
export function sizeBytes(body: Writer, { memory, is64 }: AddressedMemory, indices: MemoryIndices): void {
  body.byte(0x23).u32(indices.sizeGlobal(memory)) // global.get
  if (!is64) body.byte(0xad) // i64.extend_i32_u
  body.byte(0x42, 16, 0x86) // i64.const 16, i64.shl
}

/** Traps if `address + length` is beyond the memory's logical size. */
export function checkRange(
  body: Writer,
  target: AddressedMemory,
  addressLocal: number,
  length: AddressLocal,
  indices: MemoryIndices,
): void {
  const address = { local: addressLocal, is64: target.is64 }
  if (!target.is64) {
    wideLocalGet(body, address)
    wideLocalGet(body, length)
    body.byte(0x7c) // i64.add
    sizeBytes(body, target, indices)
    return trapIfGreater(body, target)
  }
  // length > size: trap; address > size - length: trap
  wideLocalGet(body, length)
  sizeBytes(body, target, indices)
  trapIfGreater(body, target)
  wideLocalGet(body, address)
  sizeBytes(body, target, indices)
  wideLocalGet(body, length)
  body.byte(0x7d) // i64.sub
  trapIfGreater(body, target)
}

/** Traps if the first of the two i64 on the stack is greater (unsigned) than the second. */
export function trapIfGreater(body: Writer, target: AddressedMemory): void {
  body.byte(0x56, 0x04, 0x40) // i64.gt_u, if
  trapOutOfBounds(body, target)
  body.byte(0x0b)
}

/** V8's own out-of-bounds trap: a load at the greatest address; for a 32-bit memory with the greatest static offset. */
export function trapOutOfBounds(body: Writer, { memory, is64 }: AddressedMemory): void {
  body.byte(is64 ? 0x42 : 0x41, 0x7f) // i64.const -1, i32.const -1
  body.byte(0x2d) // i32.load8_u
  if (memory === 0) body.byte(0)
  else body.byte(0x40).u32(memory)
  body.u32(is64 ? 0 : 0xffff_ffff).byte(0x1a) // drop
}
