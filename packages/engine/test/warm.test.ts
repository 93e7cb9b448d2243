/**
 * A live instance serves the next use only where nothing can tell it from a fresh one. Every use here is compared with a
 * fresh native instance, and the metrics say whether it was warm.
 */
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, type FreshReason, type PooledInstance, type PooledModule } from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { nativeInstance } from './support/native.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 4, maxMemoryBytes: 16 * 65_536 })
afterAll(() => engine.close())

/** One use; says whether it was served by a live instance. */
function use<T>(
  module: PooledModule,
  imports: WebAssembly.Imports,
  work: (exports: Exports, instance: PooledInstance) => T,
) {
  const before = engine.metrics().instances.warm
  const instance = engine.instantiate(module, imports)
  try {
    return { result: work(instance.exports, instance), warm: engine.metrics().instances.warm > before }
  } finally {
    instance.release()
  }
}

describe('every kind of global is back at its initial value', () => {
  const bytes = wat(`(module
    (import "host" "base" (global $base i32))
    (memory 1)
    (func $f (result i32) (i32.const 7)) (elem declare func $f)
    (global $i32 (mut i32) (i32.const -5))
    (global $sum (mut i32) (i32.add (global.get $base) (i32.const 1)))
    (global $i64 (mut i64) (i64.const 0x7fffffffffffffff))
    (global $f32 (mut f32) (f32.const nan:0x200001))
    (global $f64 (mut f64) (f64.const nan:0x4000000000123))
    (global $v128 (mut v128) (v128.const i64x2 1 2))
    (global $func (mut funcref) (ref.func $f))
    (global $extern (mut externref) (ref.null extern))
    (global (export "exported") (mut i32) (i32.const 9))
    (func (export "read") (result i32 i32 i64 i32 i64 i64 i64 i32 externref)
      (global.get $i32) (global.get $sum) (global.get $i64) (i32.reinterpret_f32 (global.get $f32))
      (i64.reinterpret_f64 (global.get $f64))
      (i64x2.extract_lane 0 (global.get $v128)) (i64x2.extract_lane 1 (global.get $v128))
      (ref.is_null (global.get $func)) (global.get $extern))
    (func (export "scramble") (param externref)
      (global.set $i32 (i32.const 1)) (global.set $sum (i32.const 1)) (global.set $i64 (i64.const 1))
      (global.set $f32 (f32.const 1)) (global.set $f64 (f64.const 1))
      (global.set $v128 (v128.const i64x2 8 9)) (global.set $func (ref.null func))
      (global.set $extern (local.get 0))))`)
  const imports = { host: { base: 41 } }

  it('also those that JavaScript cannot read exactly', async () => {
    const module = await engine.compile(bytes)
    const expected = (nativeInstance(bytes, imports).exports as Exports).read()
    const warm: boolean[] = []
    for (let count = 0; count < 4; count++) {
      const one = use(module, imports, (exports) => {
        const state = [exports.read(), exports.exported.value]
        exports.scramble({ tenant: count })
        exports.exported.value = 1
        return state
      })
      expect(one.result).toEqual([expected, 9])
      warm.push(one.warm)
    }
    expect(warm).toEqual([false, true, true, true])
  })
})

const giveOne = (): number => 1

describe('imports', () => {
  const bytes = wat(`(module
    (import "host" "f" (func $f (result i32)))
    (import "host" "count" (global $count (mut i32)))
    (memory 1)
    (func (export "run") (result i32) (global.set $count (i32.add (global.get $count) (i32.const 1))) (call $f)))`)

  it('the same values serve again, also in another object; a changed value does not', async () => {
    const module = await engine.compile(bytes)
    const count = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
    const host: Record<string, unknown> = { f: giveOne, count }
    const imports = { host } as WebAssembly.Imports
    expect(use(module, imports, ({ run }) => run())).toEqual({ result: 1, warm: false })
    expect(use(module, imports, ({ run }) => run())).toEqual({ result: 1, warm: true })
    expect(use(module, { host: { f: giveOne, count } }, ({ run }) => run())).toEqual({
      result: 1,
      warm: true,
    })
    host['f'] = () => 2
    expect(use(module, imports, ({ run }) => run())).toEqual({ result: 2, warm: false })
    expect(use(module, imports, ({ run }) => run())).toEqual({ result: 2, warm: true })
    // The caller's own global is the caller's: nothing resets it.
    expect(count.value).toBe(5)
  })

  it('a missing import is missing also when a live instance is there', async () => {
    const module = await engine.compile(bytes)
    const count = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
    const host = { f: giveOne, count }
    use(module, { host }, ({ run }) => run())
    expect(() => engine.instantiate(module, { host: { count } } as WebAssembly.Imports)).toThrow(
      WebAssembly.LinkError,
    )
    expect(use(module, { host }, ({ run }) => run()).result).toBe(1)
  })
})

describe('what happens at each instantiation happens at each use', () => {
  it('the start function runs, also when it imports and writes', async () => {
    const bytes = wat(`(module (import "host" "log" (func $log (param i32))) (memory (export "memory") 1)
      (global $n (mut i32) (i32.const 0))
      (func $start (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (global.get $n))) (call $log (global.get $n)))
      (start $start) (func (export "n") (result i32) (i32.load (i32.const 8))))`)
    const seen: number[] = []
    const imports = { host: { log: (value: number) => seen.push(value) } }
    const module = await engine.compile(bytes)
    const uses = Array.from({ length: 3 }, () => use(module, imports, ({ n }) => n()))
    expect(uses).toEqual([1, 1, 1].map((result, index) => ({ result, warm: index > 0 })))
    expect(seen).toEqual([1, 1, 1])
  })

  it('a segment at an imported offset is written again', async () => {
    const bytes = wat(`(module (import "host" "at" (global $at i32)) (memory (export "memory") 1)
      (data (global.get $at) "late") (func (export "run")))`)
    const module = await engine.compile(bytes)
    const imports = { host: { at: 100 } }
    for (let count = 0; count < 3; count++) {
      const { result } = use(module, imports, (exports, instance) => {
        exports.run()
        const text = Buffer.from(instance.read(98, 8)).toString('latin1')
        instance.write(100, new Uint8Array(4))
        return text
      })
      expect(result).toBe('\0\0late\0\0')
    }
  })

  it('growth by guest and host starts anew', async () => {
    const bytes = wat(`(module (memory (export "memory") 1 8)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size") (result i32) (memory.size)))`)
    const module = await engine.compile(bytes)
    for (let count = 0; count < 3; count++) {
      const { result } = use(module, {}, ({ grow, size, memory }) => [
        size(),
        grow(2),
        size(),
        memory.grow(1),
        size(),
      ])
      expect(result).toEqual([1, 1, 3, 3, 4])
    }
    const { result } = use(module, {}, (_exports, { memory }) => memory?.buffer.byteLength)
    expect(result).toBe(65_536)
  })
})

describe('a live instance is not kept', () => {
  it('after a failed start', async () => {
    const bytes = wat(`(module (import "host" "fail" (global $fail (mut i32))) (memory (export "memory") 1)
      (func $start (i32.store (i32.const 0) (i32.const 1)) (if (global.get $fail) (then (unreachable))))
      (start $start) (func (export "run") (result i32) (i32.load (i32.const 0))))`)
    const module = await engine.compile(bytes)
    const fail = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
    const imports = { host: { fail } }
    use(module, imports, ({ run }) => run())
    fail.value = 1
    expect(() => engine.instantiate(module, imports)).toThrow(WebAssembly.RuntimeError)
    fail.value = 0
    expect(use(module, imports, ({ run }) => run())).toEqual({ result: 1, warm: false })
  })

  it('when the host changed its function table', async () => {
    const bytes = wat(`(module (memory 1) (table (export "table") 2 funcref) (elem (i32.const 0) $one)
      (type $t (func (result i32)))
      (func $one (export "one") (result i32) (i32.const 1)) (func (export "two") (result i32) (i32.const 2))
      (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))`)
    const module = await engine.compile(bytes)
    const first = use(module, {}, ({ table, two, call }) => {
      table.set(0, two)
      table.grow(3)
      return [call(0), table.length]
    })
    expect(first.result).toEqual([2, 5])
    const second = use(module, {}, ({ table, one, call }) => [call(0), table.length, table.get(0) === one])
    expect(second).toEqual({ result: [1, 2, true], warm: false })
    expect(use(module, {}, ({ call }) => call(0))).toEqual({ result: 1, warm: true })
  })

  // (type $s (struct (field (mut i32)))) (func (param (ref $s)) (struct.set $s 0 (local.get 0) (i32.const 1)))
  const changesObjects = Uint8Array.from(
    Buffer.from(
      '0061736d01000000' +
        '010a025f017f016001640000' +
        '03020101' +
        '0503010001' +
        '0a0c010a0020004101fb0500000b',
      'hex',
    ),
  )
  const reasons: [FreshReason, string | Uint8Array<ArrayBuffer>][] = [
    ['code changes GC objects', changesObjects],
    ['no memory', '(module (func (export "run")))'],
    ['imports a table', '(module (import "host" "table" (table 1 funcref)) (memory 1))'],
    [
      'code changes tables',
      '(module (memory 1) (table 1 funcref) (func (table.set (i32.const 0) (ref.null func))))',
    ],
    ['code drops segments', '(module (memory 1) (data "x") (func (data.drop 0)))'],
    ['exports a tag', '(module (memory 1) (tag (export "tag") (param i32)))'],
  ]
  it.each(reasons)('%s', async (reason, source) => {
    const bytes = typeof source === 'string' ? wat(source) : source
    expect(supported(bytes)).toBe(true)
    const module = await engine.compile(bytes)
    expect(module.freshReason).toBe(reason)
    const imports = { host: { table: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }) } }
    const before = engine.metrics().instances.freshReasons[reason] ?? 0
    for (let count = 0; count < 2; count++) expect(use(module, imports, () => 0).warm).toBe(false)
    expect(engine.metrics().instances.freshReasons[reason]).toBe(before + 2)
  })
})

it('a callback of the last use cannot reach the next through a wrapped import', async () => {
  const bytes = wat(`(module (import "host" "take" (func $take (param funcref))) (memory 1)
    (global $n (mut i32) (i32.const 0)) (elem declare func $add)
    (func $add (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
    (func (export "give") (call $take (ref.func $add))))`)
  const taken: (() => number)[] = []
  const imports = { host: { take: (callback: () => number) => taken.push(callback) } }
  const module = await engine.compile(bytes)
  use(module, imports, ({ give }) => give())
  const second = use(module, imports, ({ give }) => {
    give()
    expect(() => taken[0]!()).toThrow('was released')
    return [taken[1]!(), taken[1]!()]
  })
  expect(second).toEqual({ result: [1, 2], warm: true })
  expect(() => taken[1]!()).toThrow('was released')
})
