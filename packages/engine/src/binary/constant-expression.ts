/** Steps over constant expressions, and notes the arrays that they make. Source: core specification 3.0, section 3.4.13. */
import { InstructionWalker } from './instructions.ts'
import type { ConstantArray, Range } from './module-structure.ts'
import { immediates } from './opcodes.ts'
import { Reader } from './reader.ts'

const i32Const = 0x41

/** Constant expressions hold no blocks, so the first `end` ends them. */
export function readConstantExpression(reader: Reader, arrays: ConstantArray[]): Range {
  const start = reader.position
  const opcode = reader.bytes[start]
  if (opcode === i32Const || opcode === 0x42) {
    // Nearly all are one i32.const or i64.const; modules with a hundred thousand data segments exist.
    reader.skip(1)
    reader.skipLeb(opcode === i32Const ? 5 : 10)
    if (reader.bytes[reader.position] === 0x0b) {
      reader.skip(1)
      return { start, end: reader.position }
    }
    reader.position = start
  }
  const walker = new InstructionWalker(reader)
  let before = start
  do {
    const at = reader.position
    walker.next()
    if (walker.shape === immediates.arrayNew)
      arrays.push({ type: walker.type, length: constantAt(reader.bytes, before, at) })
    before = at
  } while (walker.opcode !== 0x0b || walker.shape !== immediates.none)
  return { start, end: reader.position }
}

/** What the instruction in `[start, end)` pushes, as an unsigned number, where it is an i32.const. */
function constantAt(bytes: Uint8Array, start: number, end: number): number | undefined {
  return start < end && bytes[start] === i32Const ? new Reader(bytes, start + 1, end).s32() >>> 0 : undefined
}
