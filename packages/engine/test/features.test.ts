/** Modules with newer and rarer features run as on plain V8, in each of several uses. What V8 does not know is left out. */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { rawModule } from './support/raw-module.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 3, maxMemoryBytes: 16 * 65_536 })
afterAll(() => engine.close())

type Drive = (exports: Exports) => unknown

interface Feature {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly drive: Drive
  readonly imports?: WebAssembly.Imports
}

const attempts = (...runs: (() => unknown)[]): unknown[] => runs.map((run) => outcomeOf(run))

/** Every memory's bytes, as text that can be compared. */
const contents = (memory: WebAssembly.Memory): string => Buffer.from(memory.buffer).toString('base64')

function runAll(features: readonly Feature[]): void {
  const known = features.filter(({ bytes }) => supported(bytes))
  if (known.length === 0) it.skip('not known to this V8')
  it.each(known)('$name', async ({ bytes, drive, imports }) => {
    await using module = await engine.compile(bytes)
    for (let use = 0; use < 4; use++) {
      const expected = outcomeOf(() => drive(nativeInstance(bytes, imports).exports as Exports))
      const actual = outcomeOf(() => {
        using instance = engine.instantiate(module, imports)
        return drive(instance.exports as Exports)
      })
      deepStrictEqual(actual, expected)
      expect(expected).not.toHaveProperty('error')
    }
  })
}

describe('several memories', () => {
  const copies = wat(`(module
    (memory $a (export "a") 1 3) (memory $b (export "b") 2 5) (memory $c (export "c") 0 1)
    (data (i32.const 0) "first") (data $p "passive")
    (func (export "copy") (param i32 i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
    (func (export "back") (param i32 i32 i32) (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32 i32) (memory.fill $b (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init") (param i32 i32 i32) (memory.init $c $p (local.get 0) (local.get 1) (local.get 2)))
    (func (export "drop") (data.drop $p))
    (func (export "growA") (param i32) (result i32) (memory.grow $a (local.get 0)))
    (func (export "growB") (param i32) (result i32) (memory.grow $b (local.get 0)))
    (func (export "growC") (param i32) (result i32) (memory.grow $c (local.get 0)))
    (func (export "sizes") (result i32 i32 i32) (memory.size $a) (memory.size $b) (memory.size $c))
    (func (export "load") (param i32) (result i32) (i32.load $b offset=100 (local.get 0)))
    (func (export "store") (param i32 i64) (i64.store $b (local.get 0) (local.get 1)))
    (func (export "atomic") (param i32) (result i32) (i32.atomic.rmw.add $b offset=8 (local.get 0) (i32.const 3))))`)
  runAll([
    {
      name: 'each has its own size, bounds and image',
      bytes: copies,
      drive: ({ a, b, c, ...f }) => [
        attempts(
          () => f['copy'](131_070, 0, 2),
          () => f['copy'](131_070, 0, 3),
          () => f['back'](0, 70_000, 6),
          () => f['back'](65_530, 0, 7),
          () => f['growC'](1),
          () => f['growC'](1),
          () => f['init'](65_529, 0, 7),
          () => f['init'](65_530, 0, 7),
          () => f['drop'](),
          () => f['init'](0, 0, 1),
          () => f['growA'](2),
          () => f['growB'](4),
          () => f['growB'](3),
          () => f['sizes'](),
          () => f['fill'](5 * 65_536 - 1, 7, 1),
          () => f['fill'](5 * 65_536 - 1, 7, 2),
          () => f['load'](5 * 65_536 - 104),
          () => f['load'](5 * 65_536 - 103),
          () => f['store'](5 * 65_536 - 7, 1n),
          () => f['atomic'](5 * 65_536 - 12),
          () => f['atomic'](5 * 65_536 - 8),
          () => f['atomic'](5 * 65_536 - 7),
        ),
        [a, b, c].map(contents),
      ],
    },
  ])
})

function at(value: number): WebAssembly.Global {
  return new WebAssembly.Global({ value: 'i32' }, value)
}

describe('segments at instantiation', () => {
  runAll([
    {
      name: 'offsets from imports, in order over one another',
      bytes:
        wat(`(module (import "e" "g" (global $g i32)) (import "e" "n" (global $n i32)) (memory (export "m") 1)
        (data (i32.const 10) "image") (data (global.get $g) "global") (data (i32.const 12) "after")
        (data (i32.add (global.get $g) (i32.mul (global.get $n) (i32.const 3))) "sum") (data (global.get $n) "number"))`),
      imports: { e: { g: at(11), n: 500 } } as unknown as WebAssembly.Imports,
      drive: ({ m }) => contents(m),
    },
    {
      name: 'offsets computed from constants',
      bytes: wat(`(module (memory (export "m") 1)
        (data (i32.sub (i32.const 100) (i32.mul (i32.const -3) (i32.const 7))) "one")
        (data (i32.add (i32.const 2147483647) (i32.const -2147483600)) "two"))`),
      drive: ({ m }) => contents(m),
    },
    {
      name: 'offsets from own globals',
      bytes:
        wat(`(module (import "e" "g" (global $g i32)) (global $own i32 (i32.add (global.get $g) (i32.const 5)))
        (memory (export "m") 1) (data (global.get $own) "own"))`),
      imports: { e: { g: at(11) } },
      drive: ({ m }) => contents(m),
    },
    {
      name: 'active segments are dropped afterwards',
      bytes: wat(`(module (memory (export "m") 1) (data $a (i32.const 0) "active")
        (func (export "none") (memory.init $a (i32.const 9) (i32.const 0) (i32.const 0)))
        (func (export "one") (memory.init $a (i32.const 9) (i32.const 0) (i32.const 1))))`),
      drive: ({ m, none, one }) => [attempts(none, one), contents(m)],
    },
    {
      name: 'passive segments are there again in each use',
      bytes: wat(`(module (memory (export "m") 1) (data $p "passive")
        (func (export "init") (param i32) (memory.init $p (local.get 0) (i32.const 0) (i32.const 7)))
        (func (export "drop") (data.drop $p)))`),
      drive: ({ m, init, drop }) => [
        attempts(
          () => init(8),
          () => drop(),
          () => init(16),
        ),
        contents(m),
      ],
    },
    {
      name: 'the same bytes in many segments, without a data count',
      bytes: wat(`(module (memory (export "m") 2)
        ${Array.from({ length: 300 }, (_, index) => `(data (i32.const ${index * 401}) "segment ${index}")`).join('')})`),
      drive: ({ m }) => contents(m),
    },
  ])
})

describe('start functions', () => {
  const seen: number[] = []
  runAll([
    {
      name: 'run in each use, after the segments',
      bytes:
        wat(`(module (import "e" "see" (func $see (param i32))) (memory (export "m") 1 2) (data (i32.const 0) "A")
        (global $runs (mut i32) (i32.const 0)) (table 2 funcref) (elem (i32.const 1) $add)
        (func $add (global.set $runs (i32.add (global.get $runs) (i32.const 1))))
        (func $start (call_indirect (i32.const 1)) (call $see (i32.load8_u (i32.const 0)))
          (i32.store8 (i32.const 0) (i32.const 66)) (drop (memory.grow (i32.const 1))))
        (func (export "runs") (result i32) (global.get $runs)) (start $start))`),
      imports: { e: { see: (value: number) => seen.push(value) } },
      drive: ({ m, runs }) => [runs(), contents(m), seen.splice(0)],
    },
    {
      name: 'an imported one',
      bytes: wat('(module (import "e" "start" (func $start)) (memory (export "m") 1) (start $start))'),
      imports: { e: { start: () => seen.push(7) } },
      drive: () => seen.splice(0),
    },
  ])
})

describe('control', () => {
  runAll([
    {
      name: 'tail calls',
      bytes:
        wat(`(module (memory 1) (type $t (func (param i64 i64) (result i64))) (table 1 funcref) (elem (i32.const 0) $sum)
        (func $sum (export "sum") (type $t)
          (if (result i64) (i64.eqz (local.get 0)) (then (local.get 1))
            (else (i32.store (i32.const 0) (memory.size)) (return_call_indirect (type $t)
              (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (local.get 0)) (i32.const 0))))))`),
      drive: ({ sum }) => sum(100_000n, 0n),
    },
    {
      name: 'legacy exceptions',
      bytes: wat(`(module (memory (export "m") 1) (tag $t (param i32)) (tag $u)
        (func $raise (param i32) (if (local.get 0) (then (throw $t (local.get 0))) (else (throw $u))))
        (func (export "f") (param i32) (result i32)
          (try (result i32)
            (do (call $raise (local.get 0)) (memory.fill (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 1))
            (catch $t (drop (memory.size)) (i32.add (memory.grow (i32.const 0))))
            (catch_all (memory.size))))
        (func (export "again") (result i32)
          (try $outer (result i32)
            (do (try (result i32) (do (call $raise (i32.const 5)) (i32.const 0)) (delegate $outer)))
            (catch $t)))
        (func (export "re") (try (do (call $raise (i32.const 0))) (catch_all (rethrow 0)))))`),
      drive: ({ f, again, re }) =>
        attempts(
          () => f(41),
          () => f(0),
          () => again(),
          () => {
            try {
              re()
              return 'nothing'
            } catch (error) {
              return Object.prototype.toString.call(error)
            }
          },
        ),
    },
    {
      name: 'exceptions',
      // block (result i32) { try_table (catch 0 0) { i32.const 7; throw 0 } unreachable } and memory.size behind it
      bytes: rawModule({
        types: [
          [0x60, 0, 1, 0x7f],
          [0x60, 1, 0x7f, 0],
        ],
        tags: [1],
        functions: [
          {
            type: 0,
            code: [0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, 0x41, 7, 0x08, 0, 0x0b, 0x00, 0x0b, 0x3f, 0, 0x6a],
          },
          {
            // block (result exnref) { try_table (catch_all_ref 0) { … } unreachable } throw_ref
            type: 0,
            code: [0x02, 0x69, 0x1f, 0x40, 1, 3, 0, 0x41, 7, 0x08, 0, 0x0b, 0x00, 0x0b, 0x0a],
          },
        ],
      }),
      drive: ({ f0, f1 }) => [
        f0(),
        outcomeOf(() => {
          try {
            f1()
          } catch (error) {
            return Object.prototype.toString.call(error)
          }
          return 'nothing'
        }),
      ],
    },
    {
      name: 'br_table, select with a type, multi-value blocks',
      bytes: wat(`(module (memory 1) (func (export "f") (param i32) (result i32 externref)
        (block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
          (return (memory.size) (select (result externref) (ref.null extern) (ref.null extern) (i32.const 1))))
          (return (i32.const 20) (ref.null extern)))
        (i32.const 1) (i32.const 2)
        (block (param i32 i32) (result i32) (i32.add))
        (ref.null extern)))`),
      drive: ({ f }) => [f(0), f(1), f(2), f(99)],
    },
  ])
})

describe('references', () => {
  runAll([
    {
      name: 'tables: init, copy, grow, fill, drop',
      bytes: wat(`(module (memory 1) (table $t (export "t") 4 10 funcref) (table $e (export "e") 2 externref)
        (elem $p func $one $two) (elem (table $t) (i32.const 2) func $two) (elem declare func $one)
        (func $one (result i32) (i32.const 1)) (func $two (result i32) (memory.size))
        (func (export "init") (table.init $t $p (i32.const 0) (i32.const 0) (i32.const 2)))
        (func (export "drop") (elem.drop $p))
        (func (export "copy") (table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 3)))
        (func (export "grow") (result i32) (table.grow $t (ref.func $one) (i32.const 2)))
        (func (export "fill") (param externref) (table.fill $e (i32.const 0) (local.get 0) (i32.const 2)))
        (func (export "size") (result i32) (table.size $t))
        (func (export "call") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0))))`),
      drive: ({ t, e, init, drop, copy, grow, fill, size, call }) => {
        const thing = { mark: 1 }
        const result = attempts(
          () => call(0),
          () => init(),
          () => drop(),
          () => init(),
          () => copy(),
          () => grow(),
          () => fill(thing),
          () => size(),
          ...[0, 1, 2, 3, 4, 5, 6].map((index) => () => call(index)),
        )
        return [result, t.length, e.get(1) === thing, e.length]
      },
    },
    {
      name: 'typed function references',
      bytes: rawModule({
        // (func (param i32) (result i32)); (func (param (ref null 0) i32) (result i32))
        types: [
          [0x60, 1, 0x7f, 1, 0x7f],
          [0x60, 2, 0x63, 0, 0x7f, 1, 0x7f],
          [0x60, 1, 0x7f, 1, 0x63, 0],
        ],
        declared: [0],
        functions: [
          { type: 0, code: [0x20, 0, 0x3f, 0, 0x6a] },
          { type: 1, code: [0x20, 1, 0x20, 0, 0x14, 0] },
          // if local 0: ref.func 0, else null
          { type: 2, code: [0x20, 0, 0x04, 0x63, 0, 0xd2, 0, 0x05, 0xd0, 0, 0x0b] },
          // br_on_null and ref.as_non_null
          {
            type: 1,
            code: [0x02, 0x40, 0x20, 0, 0xd5, 0, 0x20, 1, 0x0f, 0x0b, 0x20, 1, 0x20, 0, 0xd4, 0x14, 0],
          },
        ],
      }),
      drive: ({ f0, f1, f2, f3 }) => [
        f1(f0, 5),
        f1(f2(1), 6),
        f2(0),
        f2(1) === f0,
        ...attempts(
          () => f1(null, 1),
          () => f1(f1, 1),
          () => f3(null, 1),
          () => f3(f0, 9),
        ),
      ],
    },
    {
      name: 'structs, arrays and i31',
      bytes: rawModule({
        types: [
          // A recursion group: an open struct (i32 mutable, (ref null 1)) and an array of mutable i8.
          [0x4e, 2, 0x50, 0, 0x5f, 2, 0x7f, 1, 0x63, 1, 1, 0x5e, 0x78, 1],
          [0x60, 1, 0x7f, 1, 0x7f],
          // A final struct with a super type: sub final 0 { i32 mutable, (ref null 1), i64 }
          [0x4f, 1, 0, 0x5f, 3, 0x7f, 1, 0x63, 1, 1, 0x7e, 0],
          [0x60, 0, 1, 0x6e],
          [0x60, 1, 0x6e, 1, 0x7f],
        ],
        functions: [
          // struct.new 0 (local 0, array.new 1 (memory.size, 3)); array.get_u of it + struct.get
          {
            type: 2,
            locals: [1, 1, 0x63, 0],
            code: [
              0x20, 0, 0x3f, 0, 0x41, 3, 0xfb, 6, 1, 0xfb, 0, 0, 0x22, 1, 0xfb, 2, 0, 0, 0x20, 1, 0xfb, 2, 0,
              1, 0x41, 2, 0xfb, 13, 1, 0x6a,
            ],
          },
          // i31: ref.i31, i31.get_u
          { type: 2, code: [0x20, 0, 0xfb, 28, 0xfb, 30, 0x3f, 0, 0x6a] },
          // anyref out: array.new_default
          { type: 4, code: [0x41, 4, 0xfb, 7, 1] },
          // ref.test and br_on_cast of an anyref
          { type: 5, code: [0x20, 0, 0xfb, 20, 1] },
          {
            type: 5,
            code: [0x02, 0x63, 1, 0x20, 0, 0xfb, 24, 3, 0, 0x6e, 1, 0x1a, 0x41, 0x7f, 0x0f, 0x0b, 0xfb, 15],
          },
        ],
      }),
      drive: ({ f0, f1, f2, f3, f4 }) => [f0(40), f1(5), f3(f2()), f3(null), f4(f2()), f4(3)],
    },
  ])
})

describe('numbers', () => {
  runAll([
    {
      name: 'vectors: shuffle, lanes, constants, relaxed',
      bytes: wat(`(module (memory (export "m") 1) (data (i32.const 0) "0123456789abcdefghijklmnopqrstuv")
        (func (export "shuffle") (v128.store (i32.const 64) (i8x16.shuffle 0 31 1 30 2 29 3 28 4 27 5 26 6 25 7 24
          (v128.load (i32.const 0)) (v128.load (i32.const 16)))))
        (func (export "mix") (param i32) (v128.store offset=80 (local.get 0) (i8x16.swizzle
          (v128.load8x8_s (i32.const 0)) (i32x4.replace_lane 2 (v128.const i32x4 1 2 3 0xffffffff) (memory.size)))))
        (func (export "lane") (param i32) (v128.store8_lane 15 (local.get 0) (v128.load32_splat (i32.const 4)))))`),
      drive: ({ m, shuffle, mix, lane }) => [
        attempts(
          () => shuffle(),
          () => mix(16),
          () => mix(65_440),
          () => mix(65_441),
          () => lane(65_535),
          () => lane(65_536),
        ),
        contents(m),
      ],
    },
    {
      name: 'relaxed vectors',
      bytes: wat(`(module (memory (export "m") 1) (func (export "f")
        (v128.store (i32.const 0) (i32x4.relaxed_trunc_f32x4_s (v128.const f32x4 1.5 -2.5 3.5 4.5)))
        (v128.store (i32.const 16) (f32x4.relaxed_madd (v128.const f32x4 1 2 3 4) (v128.const f32x4 5 6 7 8) (v128.const f32x4 1 1 1 1)))))`),
      drive: ({ m, f }) => [f(), contents(m)],
    },
    {
      name: 'saturating truncation, sign extension',
      bytes: wat(`(module (memory 1) (func (export "f") (param f64 i64) (result i64 i32 i64)
        (i64.trunc_sat_f64_s (local.get 0)) (i32.trunc_sat_f64_u (local.get 0)) (i64.extend8_s (local.get 1))))`),
      drive: ({ f }) => [f(1e300, 255n), f(Number.NaN, 127n), f(-5.5, -1n)],
    },
    {
      name: 'a NaN with its payload, in globals of every kind',
      bytes:
        wat(`(module (memory 1) (global $f (mut f32) (f32.const nan:0x200001)) (global $d (mut f64) (f64.const -nan:0x4000000000001))
        (global $v (mut v128) (v128.const i64x2 5 6)) (global $l (mut i64) (i64.const -9)) (global $r (mut externref) (ref.null extern))
        (func (export "get") (result i32 i64 i64 i64 i32) (i32.reinterpret_f32 (global.get $f)) (i64.reinterpret_f64 (global.get $d))
          (i64x2.extract_lane 1 (global.get $v)) (global.get $l) (ref.is_null (global.get $r)))
        (func (export "set") (param externref) (global.set $f (f32.const 1)) (global.set $d (f64.const 1))
          (global.set $v (v128.const i64x2 1 1)) (global.set $l (i64.const 1)) (global.set $r (local.get 0))))`),
      drive: ({ get, set }) => [get(), set({}), get()],
    },
    {
      name: 'globals that begin with others',
      bytes:
        wat(`(module (import "e" "i" (global $i i32)) (memory 1) (global $a (mut i32) (i32.add (global.get $i) (i32.const 1)))
        (global $b (export "b") (mut i32) (i32.mul (global.get $i) (i32.const 2)))
        (func (export "up") (result i32) (global.set $a (i32.add (global.get $a) (i32.const 1)))
          (global.set $b (i32.add (global.get $b) (global.get $a))) (global.get $b)))`),
      imports: { e: { i: 20 } } as unknown as WebAssembly.Imports,
      drive: ({ b, up }) => [up(), up(), b.value],
    },
  ])
})

describe('wide tables', () => {
  runAll([
    {
      name: 'table64',
      bytes:
        wat(`(module (memory 1) (table $t (export "t") i64 3 funcref) (elem (table $t) (i64.const 1) func $f)
        (func $f (result i32) (memory.size))
        (func (export "call") (param i64) (result i32) (call_indirect $t (result i32) (local.get 0)))
        (func (export "size") (result i64) (table.size $t)))`),
      drive: ({ t, call, size }) => [
        attempts(
          () => call(1n),
          () => call(0n),
          () => call(3n),
          () => size(),
        ),
        String(t.length),
        typeof t.get(1n),
      ],
    },
  ])
})

describe('hot code', () => {
  runAll([
    {
      name: 'is optimised while it traps',
      bytes: wat(`(module (memory (export "m") 1 2)
        (func $sum (export "sum") (param $n i32) (result i32) (local $i i32) (local $s i32)
          (loop $l (local.set $s (i32.add (local.get $s) (i32.load8_u (i32.rem_u (local.get $i) (i32.mul (memory.size) (i32.const 65536))))))
            (i32.store8 (i32.rem_u (i32.mul (local.get $i) (i32.const 7)) (i32.const 65536)) (local.get $i))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))) (local.get $s))
        (func (export "peek") (param i32) (result i32) (i32.load offset=3 (local.get 0)))
        (func (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 1) (i32.const 4)))
        (func (export "grow") (result i32) (memory.grow (i32.const 1))))`),
      drive: ({ m, sum, peek, fill, grow }) => {
        const results: unknown[] = [sum(300_000)]
        let traps = 0
        for (let round = 0; round < 3_000; round++) {
          const outcomes = attempts(
            () => peek(65_530 + (round % 8)),
            () => fill(65_530 + (round % 8)),
          )
          for (const outcome of outcomes) if ('error' in (outcome as object)) traps++
        }
        results.push(traps, grow(), sum(300_000), peek(65_533), contents(m))
        return results
      },
    },
  ])
})
