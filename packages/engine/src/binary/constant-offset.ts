/**
 * Evaluates the constant expression of a data segment's offset where that needs nothing from outside.
 *
 * `undefined` means that it depends on an imported global (as in Emscripten's side modules) or on an instruction that
 * is not worth evaluating here: the rewrite then appends a global with the same expression and the engine reads it.
 * Source: WebAssembly core specification, section 3.3.13 (constant expressions), with extended constants.
 */
import type { ModuleStructure, Range } from './module-structure.ts'
import { Reader } from './reader.ts'

export function evaluateOffset(structure: ModuleStructure, range: Range): number | undefined {
  const reader = new Reader(structure.bytes, range.start, range.end)
  const stack: number[] = []
  for (;;) {
    const opcode = reader.byte()
    switch (opcode) {
      case 0x0b:
        return stack.length === 1 ? stack[0]! >>> 0 : reader.fail('offset of a data segment')
      case 0x41:
        stack.push(reader.s32())
        break
      case 0x6a:
      case 0x6b:
      case 0x6c:
        if (stack.length < 2) reader.fail('offset of a data segment')
        stack.push(binary(opcode, stack.pop()!, stack.pop()!))
        break
      default:
        return undefined
    }
  }
}

/** i32.add, i32.sub, i32.mul. */
function binary(opcode: number, right: number, left: number): number {
  if (opcode === 0x6a) return (left + right) | 0
  return opcode === 0x6b ? (left - right) | 0 : Math.imul(left, right)
}
