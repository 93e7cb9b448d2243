/* oxlint-disable unicorn/require-post-message-target-origin -- the target is a worker */
/** A module that comes from bytes, or from another thread, is the module that was compiled. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'

import {
  Engine,
  EngineClosedError,
  InvalidOptionError,
  ModuleDisposedError,
  type PooledModule,
  SerializedModuleError,
  type SharedModule,
  terminateWorker,
  UnsupportedModuleError,
} from '../src/index.ts'
import { descriptorsOf, mappingsOf } from './support/kernel.ts'
import type { Exports } from './support/native.ts'
import { moduleFrom, origins } from './support/origins.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 6, maxMemoryBytes: 128 * 2 ** 20 })
afterAll(() => engine.close())

/** Something of each thing that an analysis remembers. */
const withoutNotes = wat(
  `(module
  (import "host" "give" (func $give (result funcref))) (import "host" "base" (global $base i32))
  (import "host" "tell" (func $tell (param i32)))
  (memory (export "memory") 3 40) (memory $second (export "second") 1)
  (data (i32.const 0) "at the start") (data (i32.const 150000) "far behind") (data (global.get $base) "late")
  (global $uses (export "uses") (mut i32) (i32.const 7)) (global $hidden (mut v128) (v128.const i64x2 5 6))
  (table $functions (export "functions") 1 funcref) (table $values (export "values") 2 20 externref) (elem (i32.const 0) $first)
  (tag $problem (export "problem") (param funcref))
  (func $first (export "first") (result i32) (global.get $uses))
  (func $start (global.set $uses (i32.add (global.get $uses) (i32.const 1))) (call $tell (global.get $uses)))
  (start $start)
  (func (export "work") (param i32) (result i32)
    (drop (memory.grow (i32.const 1))) (memory.fill (i32.const 5) (i32.const 7) (local.get 0))
    (drop (table.grow $values (ref.null extern) (i32.const 3)))
    (global.set $hidden (v128.const i64x2 1 1))
    (i32.add (memory.size) (table.size $values)))
  (func (export "hidden") (result i64) (i64x2.extract_lane 0 (global.get $hidden)))
  (func (export "trap") (result i32) (i32.load offset=4294967295 (i32.const 0)))
  (func (export "given") (result funcref) (call $give))
  (func (export "throw") (throw $problem (ref.func $first))))`,
  true,
)
/** With a custom section: its id, its length, its name and contents. */
const notes = [...'\x05notesof the author'].map((character) => character.charCodeAt(0))
const bytes = Uint8Array.of(...withoutNotes, 0, notes.length, ...notes)

function look(module: PooledModule): unknown {
  const told: number[] = []
  const imports = { host: { give: () => null, base: 200, tell: (value: number) => told.push(value) } }
  const seen: unknown[] = []
  for (let use = 0; use < 3; use++) {
    using instance = engine.instantiate(module, imports)
    const exports = instance.exports as Exports
    seen.push(Object.keys(exports), instance.read(0, 30), instance.read(150_000, 12), instance.read(200, 4))
    seen.push(
      instance.read(9, 6, 1),
      exports['hidden'](),
      exports['work'](70_000),
      exports['memory'].buffer.byteLength,
    )
    seen.push(
      exports['given'](),
      exports['values'].length,
      exports['functions'].get(0)(),
      exports['hidden'](),
    )
    for (const name of ['trap', 'throw']) {
      try {
        exports[name]()
      } catch (error) {
        const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' }
        seen.push(message, /wasm:\/\/[^)]*/.exec(stack ?? '')?.[0])
      }
    }
  }
  const offsets = Array.from({ length: bytes.length + 400 }, (_, offset) => module.originalOffset(offset))
  const sections = ['name', 'notes'].map((name) => module.customSections(name).map((one) => Buffer.from(one)))
  return {
    seen,
    told,
    imports: module.imports,
    exports: module.exports,
    sections,
    offsets,
    reason: module.freshReason,
  }
}

describe('a module that was carried', () => {
  it('is the same in all that can be seen', async () => {
    const [compiled, ...carried] = await Promise.all(
      origins.map((origin) => moduleFrom(origin, engine, bytes)),
    )
    const expected = look(compiled!)
    for (const module of carried) expect(look(module)).toEqual(expected)
    await Promise.all([compiled!, ...carried].map((module) => module.dispose()))
  })

  it('can be carried on, by way of threads too', async () => {
    await using module = await engine.compile(bytes, { label: 'first' })
    const file = await module.serialize()
    await using second = await engine.deserialize(file)
    await using third = await engine.deserialize(await second.share())
    expect([second.label, third.label]).toEqual(['first', 'first'])
    const expected = look(module)
    await using fourth = await engine.deserialize(await third.serialize())
    expect(look(fourth)).toEqual(expected)
    await using named = await engine.deserialize(file, { label: 'other' })
    expect(named.label).toBe('other')
  })

  it('does not look at the bytes again that it came from', async () => {
    await using module = await engine.compile(bytes)
    const file = await module.serialize()
    const expected = look(module)
    await using carried = await engine.deserialize(file)
    file.fill(0xff)
    expect(look(carried)).toEqual(expected)
    await using again = await engine.deserialize(await carried.serialize())
    expect(look(again)).toEqual(expected)
  })

  it('takes no more than its bytes, however far its data lie apart', async () => {
    await using module = await engine.compile(
      wat(`(module (memory (export "m") 1600) (data (i32.const 10) "a") (data (i32.const 100000000) "b"))`),
    )
    const file = await module.serialize()
    expect(file.length).toBeLessThan(20_000)
    await using carried = await engine.deserialize(file)
    using instance = engine.instantiate(carried)
    expect([...instance.read(10, 1), ...instance.read(100_000_000, 1)]).toEqual([97, 98])
  })

  it('keeps options, and is used with an engine that has the same', async () => {
    await using timed = new Engine({ slots: 2, maxMemoryBytes: 2 ** 22, deadlines: true })
    const spins = wat('(module (memory 1) (func (export "spin") (loop (br 0))))')
    const file = await (await timed.compile(spins)).serialize()
    await using carried = await timed.deserialize(file)
    using instance = timed.instantiate(carried, {}, { deadlineMs: 30 })
    expect(() => (instance.exports as Exports)['spin']()).toThrow('deadline')
    await expect(engine.deserialize(file)).rejects.toThrow(SerializedModuleError)
    await using plain = await engine.compile(spins)
    await expect(timed.deserialize(await plain.serialize())).rejects.toThrow(/deadlines: false/)
  })
})

function initialise({ exports }: { exports: WebAssembly.Exports }): void {
  ;(exports as Exports)['initialise']()
}

describe('a snapshot that was carried', () => {
  const counter = wat(`(module (memory (export "m") 1 9) (global $g (mut i64) (i64.const 0))
    (func (export "initialise") (i32.store (i32.const 8) (i32.const 77)) (global.set $g (i64.const -3))
      (drop (memory.grow (i32.const 1))) (i32.store (i32.const 70000) (i32.const 5)))
    (func (export "all") (result i64) (i64.add (global.get $g) (i64.extend_i32_u
      (i32.add (memory.size) (i32.add (i32.load (i32.const 8)) (i32.load (i32.const 70000))))))))`)

  it('starts where it was taken', async () => {
    await using module = await engine.compile(counter)
    await using snapshot = await engine.snapshot(module, {}, initialise)
    for (const carried of [await snapshot.serialize(), await snapshot.share()]) {
      await using restored = await engine.deserialize(carried)
      for (let use = 0; use < 3; use++) {
        using instance = engine.instantiate(restored)
        expect((instance.exports as Exports)['all']()).toBe(-3n + 2n + 77n + 5n)
      }
      // And a snapshot can be taken of it.
      await using next = await engine.snapshot(restored, {}, (instance) =>
        instance.write(8, Uint8Array.of(78)),
      )
      using instance = engine.instantiate(next)
      expect((instance.exports as Exports)['all']()).toBe(-3n + 2n + 78n + 5n)
    }
  })

  it('asks for its hook', async () => {
    await using module = await engine.compile(counter)
    await using snapshot = await engine.snapshot(module, {}, initialise, { afterRestore: () => undefined })
    const file = await snapshot.serialize()
    await expect(engine.deserialize(file)).rejects.toThrow(/afterRestore/)
    let calls = 0
    await using restored = await engine.deserialize(file, { afterRestore: () => calls++ })
    engine.instantiate(restored).release()
    engine.instantiate(restored).release()
    expect(calls).toBe(2)
    await using without = await engine.deserialize(file, { afterRestore: null })
    engine.instantiate(without).release()
    await using plain = await engine.compile(counter)
    const options = { afterRestore: () => undefined }
    await expect(engine.deserialize(await plain.serialize(), options)).rejects.toThrow(InvalidOptionError)
  })
})

describe('what cannot be used', () => {
  it('bytes that are cut off or changed anywhere', async () => {
    await using module = await engine.compile(bytes)
    const file = await module.serialize()
    const lengths = [0, 1, 8, 40, 51, 52, 53, 100, file.length >> 1, file.length - 4096, file.length - 1]
    for (const length of lengths)
      await expect(engine.deserialize(file.slice(0, length))).rejects.toThrow(SerializedModuleError)
    const longer = new Uint8Array(file.length + 1)
    longer.set(file)
    await expect(engine.deserialize(longer)).rejects.toThrow(SerializedModuleError)
    for (let at = 0; at < file.length; at += at < 64 ? 1 : 97) {
      const changed = file.slice()
      changed[at]! ^= 1 << (at % 8)
      await expect(engine.deserialize(changed)).rejects.toThrow(SerializedModuleError)
    }
    await expect(engine.deserialize(bytes)).rejects.toThrow(SerializedModuleError)
    const other = file.slice()
    other.set(Buffer.from('engine 99.1.0'), 8)
    await expect(engine.deserialize(other)).rejects.toThrow(/engine 99\.1\.0/)
    expect(engine.metrics().pool.modules).toHaveLength(1)
  })

  it('memories that do not fit into the slots', async () => {
    await using module = await engine.compile(wat('(module (memory 100))'))
    await using wide = await engine.compile(wat('(module (memory 1) (memory 1) (memory 1))'))
    await using small = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
    await expect(small.deserialize(await module.serialize())).rejects.toThrow(UnsupportedModuleError)
    await expect(small.deserialize(await wide.share())).rejects.toThrow(UnsupportedModuleError)
  })

  it('anything else', async () => {
    await using module = await engine.compile(bytes)
    const shared = await module.share()
    const wrong = [
      undefined,
      null,
      'text',
      {},
      { bytes: shared.bytes },
      { ...shared, compiled: {} },
      { ...shared, images: 1 },
      new ArrayBuffer(9),
    ]
    for (const one of wrong)
      await expect(engine.deserialize(one as never)).rejects.toThrow(InvalidOptionError)
    await expect(engine.deserialize(shared.bytes)).rejects.toThrow(SerializedModuleError)
    await expect(engine.deserialize(shared, { name: 'x' } as never)).rejects.toThrow(InvalidOptionError)
    await expect(engine.deserialize(shared, { label: 5 } as never)).rejects.toThrow(InvalidOptionError)
  })

  it('disposed modules, closed engines; one disposed meanwhile is carried whole', async () => {
    const module = await engine.compile(bytes)
    const expected = look(module)
    const [file, shared] = [module.serialize(), module.share()]
    expect((await module.dispose()).complete).toBe(true)
    await expect(module.serialize()).rejects.toThrow(ModuleDisposedError)
    await expect(module.share()).rejects.toThrow(ModuleDisposedError)
    await using carried = await engine.deserialize(await file)
    expect(look(carried)).toEqual(expected)
    const closed = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })
    await closed.close()
    await expect(closed.deserialize(await file)).rejects.toThrow(EngineClosedError)
    // What is shared is the module's own memory, and that is gone.
    await expect(engine.deserialize(await shared)).rejects.toThrow(ModuleDisposedError)
  })
})

it('worker threads make it theirs, and each drops its own', async () => {
  const label = 'to-the-workers'
  const module = await engine.compile(
    wat(`(module (memory (export "m") 2) (data (i32.const 0) "\\05")
      (func (export "next") (result i32)
        (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1))) (i32.load8_u (i32.const 0))))`),
    { label },
  )
  const shared: SharedModule = await module.share()
  const source = `
    import { parentPort } from 'node:worker_threads'
    import { Engine } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    const engine = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
    parentPort.once('message', async (shared) => {
      const module = await engine.deserialize(shared)
      const results = []
      for (let use = 0; use < 3; use++) {
        const instance = engine.instantiate(module)
        results.push(instance.exports.next())
        instance.release()
      }
      parentPort.postMessage(results)
      parentPort.once('message', async () => {
        const { complete, kernel } = await module.dispose()
        parentPort.postMessage({ complete, kernel })
      })
    })`
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const workers = [new Worker(url), new Worker(url)]
  for (const worker of workers) worker.postMessage(shared)
  for (const [results] of await Promise.all(workers.map((worker) => once(worker, 'message'))))
    expect(results).toEqual([6, 6, 6])
  engine.instantiate(module).release()
  // All map the same memfd, each on a descriptor of its own.
  expect(mappingsOf(label)).toHaveLength(3)
  expect(new Set(mappingsOf(label).map((line) => line.split(/ +/)[4])).size).toBe(1)
  expect(descriptorsOf(label)).toHaveLength(3)
  expect(await module.dispose()).toMatchObject({ complete: true, kernel: { mappings: 2, descriptors: 2 } })
  for (const left of [1, 0]) {
    const worker = workers.pop()!
    worker.postMessage('dispose')
    const [receipt] = await once(worker, 'message')
    expect(receipt).toMatchObject({ complete: true, kernel: { mappings: left, descriptors: left } })
    await terminateWorker(worker)
  }
  expect([...mappingsOf(label), ...descriptorsOf(label)]).toEqual([])
})

it('a worker that is ended lets go of what it had', async () => {
  const label = 'in-a-worker'
  const module = await engine.compile(wat('(module (memory 1) (data (i32.const 0) "a"))'), { label })
  const source = `
    import { parentPort } from 'node:worker_threads'
    import { Engine } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    const engine = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
    parentPort.on('message', async (shared) => {
      engine.instantiate(await engine.deserialize(shared))
      parentPort.postMessage('in use')
    })`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
  worker.postMessage(await module.share())
  await once(worker, 'message')
  await module.dispose()
  expect([mappingsOf(label).length, descriptorsOf(label).length]).toEqual([1, 1])
  await terminateWorker(worker)
  expect([mappingsOf(label).length, descriptorsOf(label).length]).toEqual([0, 0])
})
