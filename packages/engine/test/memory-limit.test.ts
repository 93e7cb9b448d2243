/* oxlint-disable unicorn/require-post-message-target-origin -- the target is a worker */
/** A module's own `maxMemoryBytes`: where growth ends, for guest and host, in every memory and whatever way the module comes. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, InvalidOptionError, type PooledModule, UnsupportedModuleError } from '../src/index.ts'
import { memory64Pooled } from './support/memory64.ts'
import type { Exports } from './support/native.ts'
import { wat } from './support/wat.ts'

const pageBytes = 65_536
const engine = new Engine({ slots: 4, maxMemoryBytes: 16 * pageBytes })
afterAll(() => engine.close())

const growing = (limits: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (memory (export "m") ${limits})
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "size") (result i32) (memory.size)))`)

const unable = new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory')
const beyondMaximum = new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded')

/** To how many pages the guest, and then the host, can grow a memory of one page. */
function growth(module: PooledModule, of: Engine = engine): readonly [guest: number, host: number] {
  const ends: number[] = []
  for (const grow of [
    ({ grow: guest }: Exports): boolean => guest(1) >= 0,
    ({ m }: Exports): boolean => {
      try {
        return m.grow(1) >= 0
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
        return false
      }
    },
  ]) {
    using instance = of.instantiate(module)
    const exports = instance.exports as Exports
    while (grow(exports));
    expect(exports['m'].buffer.byteLength).toBe(exports['size']() * pageBytes)
    ends.push(exports['size']())
  }
  return ends as unknown as readonly [number, number]
}

describe('growth', () => {
  it('ends there, with V8’s error and nothing changed, in each use', async () => {
    await using module = await engine.compile(growing('1'), { maxMemoryBytes: 4 * pageBytes })
    for (let use = 0; use < 3; use++) {
      using instance = engine.instantiate(module)
      const { m, grow, load, size } = instance.exports as Exports
      expect(grow(4)).toBe(-1)
      expect(() => m.grow(4)).toThrow(unable)
      expect(() => instance.memory!.grow(2 ** 32 - 1)).toThrow(unable)
      expect([size(), m.buffer.byteLength]).toEqual([1, pageBytes])
      expect(grow(2)).toBe(1)
      expect(m.grow(1)).toBe(3)
      expect([grow(1), grow(0), m.grow(0), size()]).toEqual([-1, 4, 4, 4])
      expect(() => m.grow(1)).toThrow(unable)
      expect(m.buffer.byteLength).toBe(4 * pageBytes)
      expect(load(4 * pageBytes - 1)).toBe(0)
      expect(() => load(4 * pageBytes)).toThrow(WebAssembly.RuntimeError)
      new Uint8Array(m.buffer).fill(7)
    }
  })

  it.each([
    ['1 3', 4, 3],
    ['1 4', 4, 4],
    ['1 8', 4, 4],
    ['1', 1, 1],
    ['1', 16, 16],
  ])('of limits %s with %i pages ends at %i', async (limits, pages, end) => {
    await using module = await engine.compile(growing(limits), { maxMemoryBytes: pages * pageBytes })
    expect(growth(module)).toEqual([end, end])
  })

  it('says of two limits the one that is in the way', async () => {
    await using module = await engine.compile(growing('1 8'), { maxMemoryBytes: 4 * pageBytes })
    using instance = engine.instantiate(module)
    const { m } = instance.exports as Exports
    expect(() => m.grow(4)).toThrow(unable)
    expect(() => m.grow(8)).toThrow(beyondMaximum)
    expect(m.grow(3)).toBe(1)
  })

  it('of another module in the same slot is its own', async () => {
    await using one = new Engine({ slots: 1, maxMemoryBytes: 8 * pageBytes })
    const small = await one.compile(growing('1'), { maxMemoryBytes: 2 * pageBytes })
    const large = await one.compile(growing('1'))
    for (let use = 0; use < 3; use++) {
      expect(growth(small, one)).toEqual([2, 2])
      expect(growth(large, one)).toEqual([8, 8])
    }
  })

  it('of several memories, of imported ones, and before instantiation', async () => {
    const bytes = wat(`(module (import "e" "m" (memory $first 1)) (memory $second (export "second") 2 9)
      (export "first" (memory $first))
      (func (export "grow0") (param i32) (result i32) (memory.grow $first (local.get 0)))
      (func (export "grow1") (param i32) (result i32) (memory.grow $second (local.get 0))))`)
    await using module = await engine.compile(bytes, { maxMemoryBytes: 3 * pageBytes })
    {
      using instance = engine.instantiate(module)
      const { grow0, grow1, first, second } = instance.exports as Exports
      expect([grow0(3), grow1(2), grow0(2), grow1(1), grow0(1), grow1(1)]).toEqual([-1, -1, 1, 2, -1, -1])
      expect(() => first.grow(1)).toThrow(unable)
      expect(() => second.grow(1)).toThrow(unable)
      expect(() => second.grow(7)).toThrow(beyondMaximum)
    }
    using instance = engine.instantiate(module, ({ memory }) => {
      expect(() => memory!.grow(3)).toThrow(unable)
      expect(memory!.grow(2)).toBe(1)
      return { e: { m: memory as unknown as WebAssembly.Memory } }
    })
    const { grow0, first } = instance.exports as Exports
    expect([first.buffer.byteLength, grow0(1)]).toEqual([3 * pageBytes, -1])
  })

  it('of a memory that another instance exports is that one’s', async () => {
    const main = await engine.compile(growing('1'), { maxMemoryBytes: 6 * pageBytes })
    const side = await engine.compile(
      wat(`(module (import "e" "m" (memory 1))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
      { maxMemoryBytes: 2 * pageBytes },
    )
    using owner = engine.instantiate(main)
    using user = engine.instantiate(side, { e: owner.exports as WebAssembly.ModuleImports })
    const grow = (user.exports as Exports)['grow']
    expect([grow(5), grow(1), (owner.exports as Exports)['size']()]).toEqual([1, -1, 6])
    user.release()
    owner.release()
    await Promise.all([side.dispose(), main.dispose()])
  })

  it.runIf(memory64Pooled)('of a 64-bit memory', async () => {
    const bytes = wat(`(module (memory (export "m") i64 1)
      (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))`)
    await using module = await engine.compile(bytes, { maxMemoryBytes: 3 * pageBytes })
    using instance = engine.instantiate(module)
    const { m, grow } = instance.exports as Exports
    expect([grow(3n), grow(2n ** 40n), grow(1n), m.grow(1n), grow(1n)]).toEqual([-1n, -1n, 1n, 2n, -1n])
    expect(() => m.grow(1n)).toThrow(unable)
    expect(m.buffer.byteLength).toBe(3 * pageBytes)
  })
})

describe('a module that starts larger is refused, naming the limit', () => {
  it.each([
    ['its memory', '(module (memory 3))', 0],
    ['an imported one', '(module (import "e" "m" (memory 3)))', 0],
    ['a second one', '(module (memory 1) (memory 3))', 1],
    ...(memory64Pooled ? [['a 64-bit one', '(module (memory i64 3))', 0] as const] : []),
  ] as const)('%s', async (_which, text, index) => {
    const error: unknown = await engine
      .compile(wat(text), { maxMemoryBytes: 2 * pageBytes })
      .catch((one: unknown) => one)
    expect(error).toBeInstanceOf(UnsupportedModuleError)
    expect((error as Error).message).toMatch(
      new RegExp(`memory ${index} starts with 196608 bytes.* limit is 131072.*\`maxMemoryBytes\``),
    )
    expect(engine.metrics().pool.modules).toEqual([])
    await (await engine.compile(wat(text), { maxMemoryBytes: 3 * pageBytes })).dispose()
  })
})

describe('the option', () => {
  it.each([0, -pageBytes, 1, pageBytes + 1, 17 * pageBytes, Number.NaN, Infinity, '65536', 65_536n, null])(
    'cannot be %s',
    async (value) => {
      const options = { maxMemoryBytes: value as never }
      await using module = await engine.compile(growing('1'))
      const shared = await module.share()
      for (const refused of [
        () => engine.compile(growing('1'), options),
        () => engine.deserialize(shared, options),
      ]) {
        const error: unknown = await refused().catch((one: unknown) => one)
        expect(error).toBeInstanceOf(InvalidOptionError)
        expect((error as Error).message).toMatch(/maxMemoryBytes.*a multiple of 65536 from 65536 to 1048576/)
      }
    },
  )
})

describe('a module that is carried', () => {
  const ways = [
    ['serialize', (module: PooledModule) => module.serialize()],
    ['share', (module: PooledModule) => module.share()],
  ] as const
  it.each(ways)('keeps its limit by %s, unless it gets another one', async (_way, carry) => {
    await using module = await engine.compile(growing('1'), { maxMemoryBytes: 4 * pageBytes })
    const carried = await carry(module)
    await using kept = await engine.deserialize(carried)
    expect(growth(kept)).toEqual([4, 4])
    for (const pages of [2, 8]) {
      await using other = await engine.deserialize(carried, { maxMemoryBytes: pages * pageBytes })
      expect(growth(other)).toEqual([pages, pages])
      await using again = await engine.deserialize(await carry(other))
      expect(growth(again)).toEqual([pages, pages])
    }
    await using small = new Engine({ slots: 1, maxMemoryBytes: 3 * pageBytes })
    await using cut = await small.deserialize(carried)
    expect(growth(cut, small)).toEqual([3, 3])
    // The engine's limit is not the module's: elsewhere it has its own again.
    await using back = await engine.deserialize(await carry(cut))
    expect(growth(back)).toEqual([4, 4])
  })

  it.each(ways)('without a limit has by %s that of its engine', async (_way, carry) => {
    await using large = new Engine({ slots: 1, maxMemoryBytes: 32 * pageBytes })
    await using module = await engine.compile(growing('1'))
    await using carried = await large.deserialize(await carry(module))
    expect(growth(carried, large)).toEqual([32, 32])
  })

  it('is refused where it starts larger', async () => {
    await using module = await engine.compile(growing('3'))
    const refused = engine.deserialize(await module.serialize(), { maxMemoryBytes: 2 * pageBytes })
    await expect(refused).rejects.toThrow(/starts with 196608 bytes.* limit is 131072/)
  })

  it('keeps it in a worker thread', async () => {
    await using module = await engine.compile(growing('1'), { maxMemoryBytes: 5 * pageBytes })
    const source = `
      import { parentPort } from 'node:worker_threads'
      import { Engine } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
      parentPort.once('message', async (shared) => {
        const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })
        const instance = engine.instantiate(await engine.deserialize(shared))
        parentPort.postMessage([instance.exports.grow(5), instance.exports.grow(4), instance.exports.grow(1)])
        instance.release()
        await engine.close()
      })`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
    worker.postMessage(await module.share())
    const exited = once(worker, 'exit')
    expect(await once(worker, 'message')).toEqual([[-1, 1, -1]])
    await exited
  })
})

describe('a snapshot', () => {
  it('has the limit of its module, in its initialisation too, and carries it on', async () => {
    await using module = await engine.compile(growing('1'), { maxMemoryBytes: 4 * pageBytes })
    await using snapshot = await engine.snapshot(module, {}, ({ exports }) => {
      expect((exports as Exports)['grow'](4)).toBe(-1)
      expect((exports as Exports)['grow'](1)).toBe(1)
    })
    await using carried = await engine.deserialize(await snapshot.share())
    await using next = await engine.snapshot(carried, {}, () => undefined)
    for (const one of [snapshot, carried, next]) expect(growth(one)).toEqual([4, 4])
  })
})
