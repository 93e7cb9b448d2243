/** No raw function reaches the host, whatever it travels in: each is the handle that the exports have of it. */
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, type PooledInstance } from '../src/index.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 3, maxMemoryBytes: 65_536 })
afterAll(() => engine.close())

const throwing = wat(`(module
  (import "host" "call" (func $call (param i32)))
  (memory 1) (tag $t (export "t") (param funcref i32)) (tag $other (export "other") (param i32))
  (func $load (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "fail") (throw $t (ref.func $load) (i32.const 7)))
  (func (export "failOtherwise") (throw $other (i32.const 8)))
  (func (export "trap") unreachable)
  (func (export "through") (param i32) (result i32)
    (try (result i32) (do (call $call (local.get 0)) (i32.const -1)) (catch $t (local.set 0) drop (local.get 0)))))`)

interface Thrown {
  is(tag: unknown): boolean
  getArg(tag: unknown, index: number): unknown
}

const caught = (run: () => unknown): Thrown => {
  try {
    run()
  } catch (error) {
    return error as Thrown
  }
  throw new Error('nothing was thrown')
}

const callImport = (mode: { call?: (value: number) => void }): WebAssembly.Imports => ({
  host: { call: (value: number) => mode.call?.(value) },
})

const lookAtThrown = (exports: Exports): unknown => {
  const thrown = caught(() => exports['fail']())
  const plain = caught(() => exports['failOtherwise']())
  return [
    thrown.getArg(exports['t'], 0) === exports['load'],
    thrown.getArg(exports['t'], 1),
    [thrown.is(exports['t']), thrown.is(exports['other'])],
    [plain.is(exports['other']), plain.getArg(exports['other'], 0)],
    [thrown, plain].map((one) => one instanceof (WebAssembly as unknown as { Exception: never }).Exception),
    [thrown, plain].map((one) => Object.prototype.toString.call(one)),
    caught(() => exports['trap']()) instanceof WebAssembly.RuntimeError,
  ]
}

const throwBack = (instantiate: (imports: WebAssembly.Imports) => WebAssembly.Exports): unknown => {
  const mode: { call?: (value: number) => void } = {}
  const exports = instantiate(callImport(mode)) as Exports
  mode.call = (value) => {
    if (value === 1) exports['fail']()
    if (value === 2) throw caught(() => exports['fail']())
  }
  return [0, 1, 2].map((value) => exports['through'](value))
}

const passing = wat(`(module
  (import "host" "look" (func $look (param externref) (result externref)))
  (memory 1) (table (export "table") 3 externref) (global $g (export "global") (mut externref) (ref.null extern))
  (table (export "functions") 1 funcref)
  (func $load (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "same") (param externref) (result externref) (local.get 0))
  (func (export "both") (param funcref externref) (result externref) (call $look (local.get 1)))
  (func (export "two") (param externref funcref) (result externref funcref) (local.get 0) (local.get 1))
  (func (export "show") (param i32) (result externref) (call $look (table.get 0 (local.get 0))))
  (func (export "showGlobal") (result externref) (call $look (global.get $g))))`)

const lookAtPassed = (instantiate: (imports: WebAssembly.Imports) => WebAssembly.Exports): unknown => {
  const seen: unknown[] = []
  const native = nativeInstance(wat('(module (func (export "f")))')).exports['f']
  const exports = instantiate({
    host: { look: (value: unknown) => (seen.push(value), value) },
  }) as Exports
  const { load, table, global } = exports
  table.set(0, load)
  table.set(1, native)
  global.value = load
  const results = [
    exports['same'](load),
    exports['both'](load, load),
    exports['show'](0),
    exports['showGlobal'](),
    table.get(0),
    global.value,
    ...exports['two'](load, load),
  ]
  exports['functions'].set(0, native)
  return [
    results.every((one) => one === load) && results.length,
    seen.every((one) => one === load) && seen.length,
    [exports['show'](1), table.get(1), exports['functions'].get(0), exports['same'](native)].map(
      (one) => one === native,
    ),
  ]
}

describe('in exceptions', () => {
  it('that a call ends with', async () => {
    await using module = await engine.compile(throwing)
    using instance = engine.instantiate(module, callImport({}))
    expect(lookAtThrown(instance.exports as Exports)).toEqual(
      lookAtThrown(nativeInstance(throwing, callImport({})).exports as Exports),
    )
  })

  it('that the host throws back in', async () => {
    await using module = await engine.compile(throwing)
    let instance: PooledInstance | undefined
    const pooled = throwBack((given) => (instance = engine.instantiate(module, given)).exports)
    instance!.release()
    expect(pooled).toEqual(throwBack((given) => nativeInstance(throwing, given).exports))
    expect(pooled).toEqual([-1, 7, 7])
  })

  it('and is dead after the release, with the slot kept', async () => {
    await using module = await engine.compile(throwing)
    const instance = engine.instantiate(module, callImport({}))
    const { fail, t } = instance.exports as Exports
    const thrown = caught(fail)
    const load = thrown.getArg(t, 0) as (address: number) => number
    expect(load(0)).toBe(0)
    instance.release()
    expect(() => load(0)).toThrow(/was released/)
    expect(() => thrown.getArg(t, 0)).toThrow(/was released/)
    expect(module.freshReason).toBe('exports a tag')
  })
})

describe('among JavaScript values', () => {
  it('a handle stays one', async () => {
    await using module = await engine.compile(passing)
    for (let use = 0; use < 2; use++) {
      const made: Disposable[] = []
      const pooled = lookAtPassed((imports) => {
        const instance = engine.instantiate(module, imports)
        made.push(instance)
        return instance.exports
      })
      expect(pooled).toEqual([8, 3, [true, true, true, true]])
      expect(pooled).toEqual(lookAtPassed((imports) => nativeInstance(passing, imports).exports))
      for (const one of made) one[Symbol.dispose]()
    }
  })

  it("a function of the host's own that is imported comes out of tables as it went in", async () => {
    const importing = wat(`(module (import "host" "f" (func $f)) (memory 1) (table (export "t") 1 funcref)
      (elem (i32.const 0) $f))`)
    await using module = await engine.compile(importing)
    const f = nativeInstance(wat('(module (func (export "f")))')).exports['f']
    using instance = engine.instantiate(module, { host: { f } } as WebAssembly.Imports)
    expect((instance.exports as Exports)['t'].get(0)).toBe(f)
  })
})
