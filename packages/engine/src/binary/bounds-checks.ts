/** The parts that helper functions check logical sizes with, and V8's own trap beyond them. */
import type { Writer } from './writer.ts'

export interface MemoryIndices {
  /** The global with the logical size in pages of a memory. */
  sizeGlobal(memory: number): number
  /** What the module declares as a memory's greatest size, in bytes. */
  maximumBytes(memory: number): number
}

export function localGet(body: Writer, local: number): void {
  body.byte(0x20).u32(local)
}

export function localsGet(body: Writer, count: number): void {
  for (let local = 0; local < count; local++) localGet(body, local)
}

/** Pushes the logical size in bytes as i64. */
export function sizeBytes(body: Writer, memory: number, indices: MemoryIndices): void {
  body.byte(0x23).u32(indices.sizeGlobal(memory)).byte(0xad) // global.get, i64.extend_i32_u
  body.byte(0x42, 16, 0x86) // i64.const 16, i64.shl
}

/** Traps if `start + local 2` is beyond the memory's logical size. */
export function checkRange(body: Writer, start: number, memory: number, indices: MemoryIndices): void {
  localGet(body, start)
  body.byte(0xad)
  localGet(body, 2)
  body.byte(0xad, 0x7c) // i64.add
  sizeBytes(body, memory, indices)
  trapIfGreater(body, memory)
}

/** Traps if the first of the two i64 on the stack is greater (unsigned) than the second. */
export function trapIfGreater(body: Writer, memory: number): void {
  body.byte(0x56, 0x04, 0x40) // i64.gt_u, if
  trapOutOfBounds(body, memory)
  body.byte(0x0b)
}

/** V8's own out-of-bounds trap: a load whose address lies beyond any 32-bit memory, at the greatest static offset. */
export function trapOutOfBounds(body: Writer, memory: number): void {
  body.byte(0x41, 0x7f) // i32.const -1
  body.byte(0x2d) // i32.load8_u
  if (memory === 0) body.byte(0)
  else body.byte(0x40).u32(memory)
  body.u32(0xffff_ffff).byte(0x1a) // drop
}
