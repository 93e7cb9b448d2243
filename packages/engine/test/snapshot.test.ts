/** Snapshots: what an initialisation made is where every instance of the new module starts. */
import { afterAll, describe, expect, it } from 'vitest'

import {
  Engine,
  InstanceBusyError,
  InvalidOptionError,
  SnapshotError,
  UnsupportedImportError,
} from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { thrownBy } from './support/outcome.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 8, maxMemoryBytes: 2 ** 20 })
afterAll(() => engine.close())

const program = wat(`(module
  (import "host" "add" (func $host (param i32 i32) (result i32)))
  (memory (export "memory") 1 5) (data (i32.const 8) "as it was") (data $passive "passive")
  (global $count (export "count") (mut i32) (i32.const 1)) (global $big (mut i64) (i64.const -5))
  (global $single (mut f32) (f32.const 1.5)) (global $double (mut f64) (f64.const nan:0x123456))
  (global $vector (mut v128) (v128.const i64x2 1 2)) (global $constant i32 (i32.const 77))
  (global $chosen (mut funcref) (ref.null func)) (global $none (mut externref) (ref.null extern))
  (type $binary (func (param i32 i32) (result i32)))
  (table $functions (export "functions") 3 9 funcref) (elem (i32.const 0) $sub)
  (func $sub (type $binary) (i32.sub (local.get 0) (local.get 1)))
  (func $mul (type $binary) (i32.mul (local.get 0) (local.get 1)))
  (elem declare func $mul $host $sub)
  (func $start (global.set $count (i32.add (global.get $count) (i32.const 1)))) (start $start)
  (func (export "initialise")
    (global.set $count (i32.const 40)) (global.set $big (i64.const 0x8000000000000001))
    (global.set $single (f32.reinterpret_i32 (i32.const 0x7fa00001)))
    (global.set $double (f64.const -0.0)) (global.set $vector (v128.const i64x2 -3 0x7ff0000000000123))
    (global.set $chosen (ref.func $mul))
    (i32.store (i32.const 100) (i32.const 1234)) (drop (memory.grow (i32.const 2)))
    (i32.store (i32.const 150000) (i32.const 99))
    (drop (table.grow $functions (ref.null func) (i32.const 2)))
    (table.set $functions (i32.const 0) (ref.func $mul)) (table.set $functions (i32.const 4) (ref.func $host)))
  (func (export "spoil") (i32.store8 (i32.const 8) (i32.const 120)) (global.set $count (i32.const -1)) (global.set $big (i64.const 3)))
  (func (export "call") (param i32 i32 i32) (result i32)
    (call_indirect $functions (type $binary) (local.get 1) (local.get 2) (local.get 0)))
  (func (export "big") (result i64) (global.get $big))
  (func (export "single") (result i32) (i32.reinterpret_f32 (global.get $single)))
  (func (export "double") (result i64) (i64.reinterpret_f64 (global.get $double)))
  (func (export "low") (result i64) (i64x2.extract_lane 0 (global.get $vector)))
  (func (export "high") (result i64) (i64x2.extract_lane 1 (global.get $vector)))
  (func (export "chosen") (result i32) (ref.is_null (global.get $chosen)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "passive") (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 7)))
  (func (export "size") (result i32) (memory.size)))`)

const imports = { host: { add: (a: number, b: number) => a + b } } as unknown as WebAssembly.Imports

/** All that can be seen of it. */
function look(exports: Exports): unknown {
  const { functions, count, memory } = exports as unknown as {
    functions: WebAssembly.Table
    count: WebAssembly.Global
    memory: WebAssembly.Memory
  }
  return {
    names: Object.keys(exports),
    count: count.value,
    numbers: ['big', 'single', 'double', 'low', 'high', 'chosen', 'size'].map((name) => exports[name]!()),
    memory: [exports['load']!(8), exports['load']!(100), exports['load']!(150_000), memory.buffer.byteLength],
    table: Array.from({ length: functions.length }, (_, index) => functions.get(index)?.name ?? null),
    calls: [exports['call']!(0, 6, 7), exports['call']!(4, 6, 7)],
  }
}

describe('engine.snapshot', () => {
  it('starts every instance where the initialisation ended', async () => {
    await using module = await engine.compile(program)
    await using ready = await engine.snapshot(module, imports, (instance) => {
      ;(instance.exports as Exports)['initialise']!()
    })
    const native = new WebAssembly.Instance(new WebAssembly.Module(program), imports)
      .exports as unknown as Exports
    native['initialise']!()
    const expected = look(native)
    expect(ready.label).toBe('module (snapshot)')
    expect(ready.exports).toEqual(module.exports)
    for (let use = 0; use < 3; use++) {
      using instance = engine.instantiate(ready, imports)
      const exports = instance.exports as Exports
      expect(look(exports)).toEqual(expected)
      exports['passive']!()
      exports['spoil']!()
      expect(exports['load']!(100)).toBe(1234)
    }
    // The module itself is as it was.
    using plain = engine.instantiate(module, imports)
    expect(plain.memory!.buffer.byteLength).toBe(65_536)
    expect((plain.exports['count'] as unknown as WebAssembly.Global).value).toBe(2)
  })

  it('waits for an asynchronous initialisation, and shows no hidden exports in it', async () => {
    await using module = await engine.compile(program)
    let names: string[] = []
    await using ready = await engine.snapshot(module, imports, async (instance) => {
      names = Object.keys(instance.exports)
      await new Promise((resolve) => setTimeout(resolve, 5))
      instance.write(100, new Uint8Array([7, 0, 0, 0]))
    })
    expect(names).toEqual(module.exports.map(({ name }) => name))
    using instance = engine.instantiate(ready, imports)
    expect((instance.exports as Exports)['load']!(100)).toBe(7)
  })

  it('of a snapshot', async () => {
    await using module = await engine.compile(program)
    await using first = await engine.snapshot(module, imports, (one) =>
      (one.exports as Exports)['initialise']!(),
    )
    await using second = await engine.snapshot(first, imports, (one) => one.write(104, new Uint8Array([5])))
    using instance = engine.instantiate(second, imports)
    const { load } = instance.exports as Exports
    expect([load!(100), load!(104), load!(8)]).toEqual([1234, 5, load!(8)])
    expect((instance.exports as Exports)['size']!()).toBe(3)
  })

  it('calls afterRestore for each instance, and fails with it', async () => {
    await using module = await engine.compile(program)
    let seed = 1
    await using ready = await engine.snapshot(module, imports, () => {}, {
      label: 'seeded',
      afterRestore: (instance) => {
        if (seed === 3) throw new Error('no seed')
        instance.write(100, new Uint8Array([seed++]))
      },
    })
    expect(ready.label).toBe('seeded')
    const seeds = [0, 1].map(() => {
      using instance = engine.instantiate(ready, imports)
      return (instance.exports as Exports)['load']!(100)
    })
    expect(seeds).toEqual([1, 2])
    expect(thrownBy(() => engine.instantiate(ready, imports))).toMatchObject({ message: 'no seed' })
  })

  it('is gone with dispose, and leaves no trace of what it was taken from', async () => {
    const module = await engine.compile(program)
    const ready = await engine.snapshot(module, imports, () => {})
    for (let use = 0; use < 2; use++) engine.instantiate(ready, imports).release()
    for (const one of [ready, module]) {
      const { complete, kernel } = await one.dispose()
      expect({ complete, kernel }).toMatchObject({ complete: true, kernel: { mappings: 0, descriptors: 0 } })
    }
    expect(engine.metrics().pool.modules).toHaveLength(0)
  })

  it('passes on what the initialisation throws, and keeps no slot', async () => {
    await using module = await engine.compile(program)
    const failing = engine.snapshot(module, imports, () => Promise.reject(new Error('not ready')))
    await expect(failing).rejects.toThrow('not ready')
    expect(engine.metrics().pool.inUse).toBe(0)
    await expect(engine.snapshot(module, imports, undefined as never)).rejects.toBeInstanceOf(
      InvalidOptionError,
    )
    const options = { later: true } as never
    await expect(engine.snapshot(module, imports, () => {}, options)).rejects.toBeInstanceOf(
      InvalidOptionError,
    )
  })

  it('refuses what is still running', async () => {
    await using module = await engine.compile(program)
    let settle: (() => void) | undefined
    const running = engine.snapshot(module, imports, (instance) => {
      void instance.hold(new Promise<void>((resolve) => (settle = resolve)))
    })
    await expect(running).rejects.toBeInstanceOf(InstanceBusyError)
    settle!()
  })

  it.each([
    ['drops segments', '(memory 1) (data $d "x") (func (export "f") (data.drop $d))'],
    ['imports a table', '(import "m" "t" (table 1 funcref)) (memory 1)'],
    ['imports a mutable global', '(import "m" "g" (global (mut i32))) (memory 1)'],
    ['holds JavaScript values', '(memory 1) (table (export "t") 2 externref)', 't'],
    ['holds a reference', '(memory 1) (global (export "t") (mut externref) (ref.null extern))', 't'],
  ])('refuses state that is not the module’s: %s', async (state: string, text: string, set?: string) => {
    await using module = await engine.compile(wat(`(module ${text})`))
    const given = {
      m: {
        t: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }),
        g: new WebAssembly.Global({ value: 'i32', mutable: true }, 1),
      },
    }
    const taking = engine.snapshot(module, given, ({ exports }) => {
      const target = set && (exports[set] as unknown as { set?: unknown; value: unknown })
      if (target && typeof target.set === 'function') (target as unknown as WebAssembly.Table).set(0, {})
      else if (target) target.value = {}
    })
    const error = await taking.catch((one: unknown) => one)
    expect(error).toBeInstanceOf(SnapshotError)
    expect((error as SnapshotError).state).toContain(state)
  })

  it('of an imported memory, which no other instance can provide then', async () => {
    await using module = await engine.compile(
      wat(
        '(module (import "m" "memory" (memory 1)) (data (i32.const 0) "ab") (func (export "load") (result i32) (i32.load (i32.const 0))))',
      ),
    )
    await using ready = await engine.snapshot(module, {}, (instance) =>
      instance.write(1, new Uint8Array([0x63])),
    )
    using instance = engine.instantiate(ready, {})
    expect((instance.exports as Exports)['load']!()).toBe(0x6361)
    await using owner = await engine.compile(wat('(module (memory (export "memory") 1))'))
    using owning = engine.instantiate(owner)
    expect(thrownBy(() => engine.instantiate(ready, { m: owning.exports }))).toBeInstanceOf(
      UnsupportedImportError,
    )
  })
})
