/**
 * Helpers for instructions that make an array of the GC proposal, where arrays have a limit.
 *
 * V8 ends the process when one piece of its heap does not fit, however the heap is bounded; and where the heap's end is near it
 * asks for the guest's end, which the guest meets at the next function entry. So each helper has a limit for the piece, and
 * calls a function first that does nothing:
 *
 *   array.new_default $t (n)  ->  if u32(n) > most: trap as V8 does; if n is not small: call interrupt; array.new_default $t
 *
 * Element segments are read once and kept; arrays of listed elements (array.new_fixed) take no more than their code.
 */
import type { ArrayType, Signature, ValueType } from './types.ts'
import { valueTypeCode } from './types.ts'
import type { Writer } from './writer.ts'

/** The opcodes behind the prefix 0xfb. */
export const arrayOpcodes = { new: 6, newDefault: 7, newData: 9, newElem: 10 } as const

export interface ArrayHelper {
  readonly kind: 'arrayNew'
  /** One of {@link arrayOpcodes}. */
  readonly opcode: number
  /** The array's type, and that of its elements as instructions take it. */
  readonly type: number
  readonly element: ValueType
  /** Of a segment, where it is made from one. */
  readonly segment: number | undefined
  /** More elements than that are too many. */
  readonly mostElements: number
  /** From that many on, V8's interrupts are asked for first. */
  readonly largeElements: number
  /** The number of the helper that does nothing. */
  readonly interrupt: number
}

/** What an array may take for which no interrupt is asked for, in bytes: the code that makes many of them must be long. */
const smallBytes = 4096

const { i32 } = valueTypeCode

export function arrayHelper(
  opcode: number,
  type: number,
  { element, elementBytes }: ArrayType,
  segment: number | undefined,
  maxArrayBytes: number,
  interrupt: number,
): ArrayHelper {
  const mostElements = Math.floor(maxArrayBytes / elementBytes)
  const largeElements = Math.ceil(smallBytes / elementBytes)
  return { kind: 'arrayNew', opcode, type, element, segment, mostElements, largeElements, interrupt }
}

export function arrayHelperSignature({ opcode, type, element }: ArrayHelper): Signature {
  // ref type
  const results = [{ code: 0x64, heap: type }]
  if (opcode === arrayOpcodes.newDefault) return { parameters: [i32], results }
  return { parameters: [opcode === arrayOpcodes.new ? element : i32, i32], results }
}

export function arrayHelperBody(
  body: Writer,
  { opcode, type, segment, mostElements, largeElements, interrupt }: ArrayHelper,
  functionIndex: (helper: number) => number,
): void {
  const length = opcode === arrayOpcodes.newDefault ? 0 : 1
  const make = (): void => {
    body.byte(0xfb, opcode).u32(type)
    if (segment !== undefined) body.u32(segment)
  }
  body.u32(0)
  // i32.gt_u, if: a length that no array has
  body.byte(0x20, length, 0x41).s64(BigInt(mostElements)).byte(0x4b, 0x04, 0x40)
  if (length === 1) body.byte(0x20, 0)
  body.byte(0x41, 0x7f)
  make()
  body.byte(0x1a, 0x0b) // drop, end
  if (mostElements >= largeElements) {
    body.byte(0x20, length, 0x41).s64(BigInt(largeElements)).byte(0x4f, 0x04, 0x40) // i32.ge_u, if
    body.byte(0x10).u32(functionIndex(interrupt)).byte(0x0b)
  }
  if (length === 1) body.byte(0x20, 0)
  body.byte(0x20, length)
  make()
}

/** V8 inlines no function of more than 500 bytes, and one that is inlined has no entry of its own. */
const interruptNops = 600

export function interruptBody(body: Writer): void {
  body.u32(0)
  for (let count = 0; count < interruptNops; count++) body.byte(0x01)
}
