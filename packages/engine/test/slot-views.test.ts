/** `engine.slots()`: every slot of the engine, as the pool and the kernel have it. */
import { afterAll, expect, it } from 'vitest'

import { Engine, processImageMappings } from '../src/index.ts'
import { memory64Pooled } from './support/memory64.ts'
import type { Exports } from './support/native.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 5, maxMemoryBytes: 2 ** 20 })
afterAll(() => engine.close())

const bytes = wat(`(module (memory (export "m") 1) (data (i32.const 0) "a")
  (func (export "fill") (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536))))`)

it('a slot on its way: untouched, in use, warm, empty', async () => {
  expect(engine.slots().map(({ slot, state }) => [slot, state])).toEqual(
    [0, 1, 2, 3, 4].map((slot) => [slot, 'untouched']),
  )
  const module = await engine.compile(bytes, { label: 'viewed' })
  const own = () => engine.slots().filter(({ moduleId }) => moduleId === module.id)
  const instance = engine.instantiate(module)
  expect(own()).toMatchObject([{ state: 'in-use', moduleLabel: 'viewed', warm: false, hits: 0 }])
  ;(instance.exports as Exports)['fill']()
  const asked = engine.slots({ residentBytes: true }).find(({ moduleId }) => moduleId === module.id)!
  const { slot, residentBytes } = asked
  expect(residentBytes).toBe(65_536)
  instance.release()
  expect(own()).toMatchObject([{ slot, state: 'affine', warm: true, hits: 0, residentBytes: undefined }])
  engine.instantiate(module).release()
  expect(own()).toMatchObject([{ slot, state: 'affine', warm: true, hits: 1, byteLength: 2 ** 20 }])
  const [metrics] = engine.metrics().pool.modules
  expect(metrics).toMatchObject({ id: module.id, label: 'viewed', slotsAffine: 1 })
  // The kernel has its image at that address, and nowhere else.
  const base = own()[0]!.base!
  expect(await processImageMappings()).toMatchObject([{ address: base, byteLength: 4096 }])
  expect(await module.dispose()).toMatchObject({ moduleId: module.id, complete: true })
  expect(engine.slots()[slot]).toMatchObject({
    state: 'empty',
    moduleId: undefined,
    warm: false,
    hits: 0,
    base,
  })
  expect(await processImageMappings()).toEqual([])
})

it('modules have ids of their own, snapshots too', async () => {
  await using one = await engine.compile(bytes)
  await using two = await engine.compile(bytes)
  await using snapshot = await engine.snapshot(one, {}, () => undefined)
  const ids = [one, two, snapshot].map(({ id }) => id)
  expect(ids.toSorted((a, b) => a - b)).toEqual(ids)
  expect(new Set(ids).size).toBe(3)
  // The purge of the module that the snapshot was made with may still be under way.
  expect(engine.metrics().pool.modules.map(({ id }) => id)).toEqual(expect.arrayContaining(ids))
})

it.runIf(memory64Pooled)(
  'a slot that has served memories of both kinds keeps both, one of them empty',
  async () => {
    await using one = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })
    const narrow = await one.compile(bytes)
    const wide = await one.compile(wat('(module (memory i64 1) (data (i64.const 0) "b"))'))
    one.instantiate(narrow).release()
    const { base } = one.slots()[0]!
    one.instantiate(wide).release()
    const [view] = one.slots()
    expect(view).toMatchObject({ moduleId: wide.id, parked: [{ base, byteLength: 2 ** 20 }] })
    expect(view!.base).not.toBe(base)
  },
)

it('every mapping of an image lies in a slot that says whose it is', async () => {
  const modules = await Promise.all([1, 2, 3].map(() => engine.compile(bytes)))
  for (const module of modules) engine.instantiate(module).release()
  using held = engine.instantiate(modules[0]!)
  const views = engine.slots().filter(({ moduleId }) => moduleId !== undefined)
  const owners = (await processImageMappings()).map(
    ({ address }) =>
      views.find(({ base = 0, byteLength = 0 }) => address >= base && address < base + byteLength)?.moduleId,
  )
  expect(owners.toSorted()).toEqual(modules.map(({ id }) => id).toSorted())
  held.release()
  await Promise.all(modules.map((module) => module.dispose()))
})
