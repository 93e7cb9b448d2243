/**
 * Evaluates the constant expression of a data segment's offset where that needs nothing from outside.
 *
 * `undefined` means that it depends on an imported global (as in Emscripten's side modules) or on an instruction that
 * is not worth evaluating here: the rewrite then appends a global with the same expression and the engine reads it.
 * Source: WebAssembly core specification, section 3.3.13 (constant expressions), with extended constants.
 */
import type { ModuleStructure, Range } from './module-structure.ts'
import { Reader } from './reader.ts'

/** The offset in bytes, from 0; as a bigint where a number would not be exact: beyond every memory. */
export function evaluateOffset(structure: ModuleStructure, range: Range): number | bigint | undefined {
  const reader = new Reader(structure.bytes, range.start, range.end)
  switch (reader.bytes[range.start]) {
    case 0x41:
      return evaluate(reader, arithmetic32)
    case 0x42:
      return evaluate(reader, arithmetic64)
    default:
      return undefined
  }
}

/** The instructions of one integer type; its add, sub and mul are the opcodes from `add` on. */
interface Arithmetic<T> {
  readonly constant: number
  readonly add: number
  read(reader: Reader): T
  compute(operation: number, left: T, right: T): T
  address(value: T): number | bigint
}

const arithmetic32: Arithmetic<number> = {
  constant: 0x41,
  add: 0x6a,
  read: (reader) => reader.s32(),
  compute: (operation, left, right) =>
    operation === 0 ? (left + right) | 0 : operation === 1 ? (left - right) | 0 : Math.imul(left, right),
  address: (value) => value >>> 0,
}

const arithmetic64: Arithmetic<bigint> = {
  constant: 0x42,
  add: 0x7c,
  read: (reader) => reader.i64(true),
  compute: (operation, left, right) =>
    BigInt.asIntN(64, operation === 0 ? left + right : operation === 1 ? left - right : left * right),
  address: (value) => {
    const exact = BigInt.asUintN(64, value)
    return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact
  },
}

function evaluate<T>(
  reader: Reader,
  { constant, add, read, compute, address }: Arithmetic<T>,
): number | bigint | undefined {
  const stack: T[] = []
  for (;;) {
    const opcode = reader.byte()
    if (opcode === constant) stack.push(read(reader))
    else if (opcode >= add && opcode <= add + 2) {
      if (stack.length < 2) reader.fail('offset of a data segment')
      const [right, left] = [stack.pop()!, stack.pop()!]
      stack.push(compute(opcode - add, left, right))
    } else if (opcode !== 0x0b) return undefined
    else return stack.length === 1 ? address(stack[0]!) : reader.fail('offset of a data segment')
  }
}
