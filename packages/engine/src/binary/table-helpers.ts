/**
 * Helpers for tables whose size is a logical one.
 *
 * A table never shrinks, so an instance whose table grew could serve no second use; and wasm-bindgen's modules grow
 * their table of JavaScript values in every use. So, as with memories, the size that guest and host see is kept in a
 * global, and the real table only ever is as large or larger:
 *
 *   | entries that the use has        | empty, from earlier uses  |
 *   |<-------- logical size --------->|<---- real size - ... ---->|
 *
 * That pays for tables which start empty, hold JavaScript values and are filled by code: externref tables without
 * element segments. A fresh instance has both sizes equal, so instructions that are not replaced (table.copy,
 * table.init) are exact as long as the module is never reused, and such a module never is.
 */
import type { Signature } from './types.ts'
import { valueTypeCode } from './types.ts'
import type { Writer } from './writer.ts'

export interface TableHelper {
  readonly kind: 'tableGet' | 'tableSet' | 'tableGrow' | 'tableFill'
  readonly table: number
}

export interface TableIndices {
  /** The global with the logical size of a table, in entries. */
  tableSizeGlobal(table: number): number
  /** What the module declares as a table's greatest size. */
  maximumEntries(table: number): number
}

const { i32 } = valueTypeCode
const externref = 0x6f

const signatures: Record<TableHelper['kind'], Signature> = {
  tableGet: { parameters: [i32], results: [externref] },
  tableSet: { parameters: [i32, externref], results: [] },
  tableGrow: { parameters: [externref, i32], results: [i32] },
  tableFill: { parameters: [i32, externref, i32], results: [] },
}

export function tableHelperSignature(kind: TableHelper['kind']): Signature {
  return signatures[kind]
}

export function tableHelperBody(body: Writer, { kind, table }: TableHelper, indices: TableIndices): void {
  const size = indices.tableSizeGlobal(table)
  switch (kind) {
    case 'tableGet':
      body.u32(0)
      trapUnlessBelow(body, 0, size, table)
      body.byte(0x20, 0, 0x25).u32(table)
      break
    case 'tableSet':
      body.u32(0)
      trapUnlessBelow(body, 0, size, table)
      body.byte(0x20, 0, 0x20, 1, 0x26).u32(table)
      break
    case 'tableFill':
      body.u32(0)
      // if u64(index) + u64(count) > u64(size): trap
      body.byte(0x20, 0, 0xad, 0x20, 2, 0xad, 0x7c, 0x23).u32(size).byte(0xad, 0x56, 0x04, 0x40)
      trap(body, table)
      body.byte(0x0b, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 17).u32(table)
      break
    case 'tableGrow':
      growBody(body, table, size, indices.maximumEntries(table))
  }
}

/** `table.fill` of the whole real table with nulls. */
export function emptyTable(body: Writer, table: number): void {
  body.byte(0x41, 0, 0xd0, externref, 0xfc, 16).u32(table).byte(0xfc, 17).u32(table)
}

/** Traps if the i32 in `local` is not below the logical size. */
function trapUnlessBelow(body: Writer, local: number, size: number, table: number): void {
  body.byte(0x20, local, 0x23).u32(size).byte(0x4f, 0x04, 0x40) // i32.ge_u, if
  trap(body, table)
  body.byte(0x0b)
}

/** V8's own trap: an index beyond any table. */
function trap(body: Writer, table: number): void {
  body.byte(0x41, 0x7f, 0x25).u32(table).byte(0x1a) // i32.const -1, table.get, drop
}

/**
 *   if u64(old) + u64(count) > maximum: return -1
 *   if old + count > real size: if table.grow(value, old + count - real size) < 0: return -1
 *   table.fill(old, value, count); size = old + count; return old
 */
function growBody(body: Writer, table: number, size: number, maximum: number): void {
  const [value, count, old, after] = [0, 1, 2, 3]
  body.u32(1).u32(2).byte(i32)
  body.byte(0x23).u32(size).byte(0x21, old!) // old = size
  body.byte(0x20, old!, 0xad, 0x20, count!, 0xad, 0x7c, 0x42).s64(BigInt(maximum)).byte(0x56)
  returnFailure(body)
  body.byte(0x20, old!, 0x20, count!, 0x6a, 0x22, after!, 0xfc, 16).u32(table).byte(0x4b, 0x04, 0x40) // i32.gt_u, if
  body.byte(0x20, value!, 0x20, after!, 0xfc, 16).u32(table).byte(0x6b, 0xfc, 15).u32(table) // table.grow
  body.byte(0x41, 0, 0x48) // i32.lt_s
  returnFailure(body)
  body.byte(0x0b)
  body.byte(0x20, old!, 0x20, value!, 0x20, count!, 0xfc, 17).u32(table)
  body.byte(0x20, after!, 0x24).u32(size)
  body.byte(0x20, old!)
}

/** Returns -1 if the i32 on the stack is not zero. */
function returnFailure(body: Writer): void {
  body.byte(0x04, 0x40, 0x41, 0x7f, 0x0f, 0x0b)
}
