/** Writes what `types.ts` reads: value types and limits. */
import type { Limits, SignatureType, ValueType } from './types.ts'
import type { Writer } from './writer.ts'

export function writeValueType(to: Writer, { code, heap }: ValueType): void {
  to.byte(code)
  if (heap !== undefined) to.s64(BigInt(heap))
}

/** The parameters or the results of a function type. */
export function writeResultType(to: Writer, types: readonly SignatureType[]): void {
  to.u32(types.length)
  for (const type of types) {
    if (typeof type === 'number') to.byte(type)
    else writeValueType(to, type)
  }
}

/** Of a table or a memory with pages of 64 KiB. */
export function writeLimits(
  to: Writer,
  { minimum, maximum, shared, is64 }: Omit<Limits, 'pageSizeLog2'>,
): void {
  to.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0) | (is64 ? 4 : 0))
  for (const value of maximum === undefined ? [minimum] : [minimum, maximum]) writeUnsigned(to, value)
}

/** Beyond 2^53 the reader gave the nearest number, which may be 2^64. */
function writeUnsigned(to: Writer, value: number): void {
  let rest = value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value)
  for (; rest > 0x7fn; rest >>= 7n) to.byte(Number(rest & 0x7fn) | 0x80)
  to.byte(Number(rest))
}
