/** Guests that take V8's own heap, each in one way, until it is full. */
import { rawModule } from '../../../engine/test/support/raw-module.ts'
import { wat } from './wat.ts'

const i32 = 0x7f
/** 1: (array (mut i8)); 2: a list of such arrays; 3: a list of numbers. */
const types = [
  [0x60, 1, i32, 0],
  [0x5e, 0x78, 1],
  [0x5f, 2, 0x63, 2, 0, 0x63, 1, 0],
  [0x5f, 2, 0x63, 3, 0, 0x7e, 0],
  [0x5e, 0x7b, 1],
  [0x5f, 2, 0x63, 5, 0, 0x63, 4, 0],
]
const globals = [2, 3, 5].map((type) => [0x63, type, 1, 0xd0, type, 0x0b])

/** Puts an object of type `type` before the list in global `list`; `fields` is the code of its second field. */
const push = (list: number, type: number, fields: readonly number[]): number[] => [
  0x23,
  list,
  ...fields,
  0xfb,
  0,
  type,
  0x24,
  list,
]
const array = push(0, 2, [0x20, 0, 0xfb, 7, 1])
const object = push(1, 3, [0x42, 1])
const listed = push(2, 5, [...Array.from({ length: 100 }, () => [0x20, 1]).flat(), 0xfb, 8, 4, 100])
const forEver = (code: readonly number[]): number[] => [0x03, 0x40, ...code, 0x0c, 0, 0x0b]

/**
 * `f0` makes arrays of so many bytes in a loop, `f1` in straight-line code, `f2` small objects in a loop, `f3` arrays of listed
 * vectors in a loop.
 */
export const objects: Uint8Array<ArrayBuffer> = rawModule({
  types,
  globals,
  functions: [
    { type: 0, code: forEver(array) },
    { type: 0, code: Array.from({ length: 2000 }, () => array).flat() },
    { type: 0, code: forEver(object) },
    { type: 0, locals: [1, 1, 0x7b], code: forEver(listed) },
  ],
})

/** `grow` grows all its tables by so much, in straight-line code, and says what the last one answered; `fill` does not return then. */
export function tables(type: 'externref' | 'funcref', count: number, initial = 0): Uint8Array<ArrayBuffer> {
  const each = (text: (table: number) => string): string =>
    Array.from({ length: count }, (_, table) => text(table)).join(' ')
  const none = type === 'externref' ? '(ref.null extern)' : '(ref.null func)'
  return wat(`(module (memory (export "memory") 1) ${each((table) => `(table $t${table} ${initial} ${type})`)}
    (func $grow (export "grow") (param i32) (result i32) (local $last i32)
      ${each((table) => `(local.set $last (table.grow $t${table} ${none} (local.get 0)))`)} (local.get $last))
    (func $nothing)
    (func (export "fill") (param i32) (drop (call $grow (local.get 0))) (loop $more (call $nothing) (br $more))))`)
}

/** So many exports: a memory, and one function under names e0, e1, .... */
export function exporting(count: number): Uint8Array<ArrayBuffer> {
  const names = Array.from({ length: count - 1 }, (_, number) => `(export "e${number}" (func $f))`)
  return wat(`(module (memory (export "memory") 1) (func $f) ${names.join('')})`)
}
