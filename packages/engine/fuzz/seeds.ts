/** What the fuzzer starts from: the tests' modules with every kind of export, and one small module for each feature. */
import { kitchen } from '../test/support/kitchen.ts'
import { rawModule } from '../test/support/raw-module.ts'
import { structuredModules } from '../test/support/structured-modules.ts'
import { wat } from '../test/support/wat.ts'
import type { Bytes } from './sections.ts'

const page = (text: string): Bytes => wat(`(module (memory (export "m") 1 3) ${text})`)

export const seeds: readonly Bytes[] = [
  ...structuredModules.map(({ bytes }) => bytes),
  kitchen,
  wat('(module)'),
  page(`(data "passive") (data (i32.const 8) "active") (func (export "f") (param i32 i64) (result i64)
    (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 7)) (data.drop 0)
    (memory.copy (i32.const 16) (i32.const 0) (i32.const 8)) (memory.fill (i32.const 32) (i32.const 1) (i32.const 9))
    (drop (memory.grow (i32.const 1))) (drop (memory.size))
    (i32.atomic.store offset=4 (local.get 0) (i32.const 1)) (atomic.fence)
    (drop (memory.atomic.notify (local.get 0) (i32.const 1)))
    (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (i64.const 2)))`),
  wat(`(module (import "e" "g" (global $g i32)) (import "e" "f" (func)) (memory (export "m") 1 2)
    (data (global.get $g) "x") (data (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))) "y")
    (global (mut i64) (i64.const 5)) (func $s (i32.store8 (i32.const 3) (i32.const 4))) (start $s))`),
  wat(`(module (memory (export "a") 1 3) (memory (export "b") 2 5)
    (func (export "copy") (param i32 i32 i32) (memory.copy 1 0 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "grow") (param i32) (result i32) (memory.grow 1 (local.get 0)))
    (func (export "load") (param i32) (result i32) (i32.load 1 offset=100 (local.get 0))))`),
  page(`(table $t (export "t") 2 9 externref) (func (export "grow") (param externref i32) (result i32)
    (table.grow $t (local.get 0) (local.get 1)))
    (func (export "fill") (param i32 externref i32) (table.fill $t (local.get 0) (local.get 1) (local.get 2)))
    (func (export "get") (param i32) (result externref) (table.get $t (local.get 0)))
    (func (export "size") (result i32) (table.size $t))`),
  page(`(tag $t (export "t") (param i32)) (func (export "f") (param i32) (result i32)
    (try (result i32) (do (throw $t (local.get 0))) (catch $t) (catch_all (i32.const 3))))`),
  page(`(func $f (export "f") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (return_call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7))))`),
  page(`(func (export "s") (param i32) (result i32)
    (block (block (block (br_table 0 1 2 (local.get 0))) (return (i32.const 1))) (return (i32.const 2))) (i32.const 3))`),
  page(`(func (export "v") (param i32) (result i32)
    (i32x4.extract_lane 1 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
      (v128.load (local.get 0)) (v128.load32_lane 2 (local.get 0) (v128.const i32x4 1 2 3 4)))))`),
  wat('(module (memory i64 1 2) (func (result i64) (memory.size)))'),
  wat('(module (memory 1 2 shared) (func (drop (i32.atomic.load (i32.const 0)))))'),
  wat(
    '(module (import "m" "m" (memory 1 3)) (import "m" "t" (table 2 funcref)) (elem (i32.const 0) func $f) (func $f))',
  ),
  // Types of the GC proposal in a recursion group, objects that change, casts.
  rawModule({
    types: [
      [0x4e, 2, 0x50, 0, 0x5f, 1, 0x7f, 1, 0x50, 1, 0, 0x5f, 2, 0x7f, 1, 0x63, 0, 1],
      [0x5e, 0x78, 1],
      [0x60, 1, 0x7f, 1, 0x7f],
    ],
    functions: [
      { type: 3, code: [0x20, 0, 0xfb, 0, 0, 0xfb, 2, 0, 0] },
      { type: 3, code: [0x20, 0, 0xd0, 0x00, 0xfb, 0, 1, 0xfb, 0x14, 0x01] },
      { type: 3, code: [0x41, 3, 0x41, 9, 0xfb, 6, 2, 0x20, 0, 0xfb, 0x0c, 2] },
      { type: 3, code: [0x20, 0, 0xfb, 0x1c, 0xfb, 0x1d] },
    ],
  }),
  // try_table with every kind of catch, throw_ref.
  rawModule({
    types: [
      [0x60, 0, 0],
      [0x60, 0, 1, 0x69],
    ],
    tags: [0],
    functions: [
      { type: 0, code: [0x1f, 0x40, 2, 0, 0, 0, 2, 0, 0x08, 0, 0x0b] },
      { type: 0, code: [0x02, 0x69, 0x1f, 0x40, 2, 1, 0, 0, 3, 0, 0x08, 0, 0x0b, 0x0f, 0x0b, 0x0a] },
    ],
  }),
  // A table with an initialiser, a table64.
  rawModule({
    types: [[0x60, 0, 0]],
    tables: [
      [0x40, 0, 0x63, 0x70, 1, 2, 5, 0xd0, 0x70, 0x0b],
      [0x70, 4, 1],
    ],
    functions: [{ type: 0, code: [] }],
  }),
]
