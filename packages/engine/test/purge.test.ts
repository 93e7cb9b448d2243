/**
 * The founding rule: dropping a module removes every mapping of its image from every slot, whatever the strategy, and
 * the kernel frees the memfd. Asked of the kernel itself, with a thousand slots.
 */
import { afterAll, describe, expect, it } from 'vitest'

import {
  Engine,
  ModuleDisposedError,
  type PooledInstance,
  type PooledModule,
  nextAvailable,
  random,
  reuseAffinity,
} from '../src/index.ts'
import { runChild } from './support/child.ts'
import { descriptorsOf, mappingsOf } from './support/kernel.ts'
import type { Exports } from './support/native.ts'
import { wat } from './support/wat.ts'

const mebibyte = 2 ** 20

const tenant = (text: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (memory (export "m") 1) (data (i32.const 5000) "${text}")
    (func (export "write") (i32.store (i32.const 0) (i32.const -1))))`)

function useAll(engine: Engine, modules: readonly PooledModule[], times: number): void {
  const instances = modules.flatMap((module) =>
    Array.from({ length: times }, () => engine.instantiate(module)),
  )
  for (const instance of instances) (instance.exports as Exports)['write']()
  for (const instance of instances) instance.release()
}

describe.each([
  ['reuse-affinity', () => reuseAffinity()],
  ['next-available', () => nextAvailable()],
  ['random', () => random({ seed: 3 })],
])('%s, 1,000 slots', (name, strategy) => {
  const engine = new Engine({ slots: 1_000, maxMemoryBytes: mebibyte, strategy: strategy() })
  const labels = [0, 1, 2, 3].map((index) => `${name}-${index}`)
  afterAll(() => engine.close())

  it('a disposed module leaves no trace, and the others are untouched', async () => {
    const modules: PooledModule[] = []
    for (const label of labels) modules.push(await engine.compile(tenant(label), { label }))
    useAll(engine, modules, 250)
    const traces = () => labels.map((label) => [mappingsOf(label).length, descriptorsOf(label).length])
    expect(traces()).toEqual(labels.map(() => [250, 1]))

    const receipt = await modules[1]!.dispose()
    expect(traces()).toEqual([
      [250, 1],
      [0, 0],
      [250, 1],
      [250, 1],
    ])
    expect(receipt).toMatchObject({
      moduleLabel: labels[1],
      complete: true,
      slotsCleared: 250,
      mappingsRemoved: 250,
      memfdsClosed: 1,
      waitedForInstances: 0,
      failedSlots: [],
      kernel: { mappings: 0, descriptors: 0 },
    })
    expect(receipt.bytesRemoved).toBe(250 * 4_096)
    const { pool } = engine.metrics()
    expect(pool).toMatchObject({ affine: 750, withoutAffinity: 250, inUse: 0, purges: 1 })
    expect(pool.modules.map(({ label, slotsAffine }) => [label, slotsAffine])).toEqual(
      [0, 2, 3].map((index) => [labels[index], 250]),
    )
    // A second call gives the same receipt.
    expect(await modules[1]!.dispose()).toBe(receipt)
    expect(modules[1]!.disposed).toBe(true)
    expect(() => engine.instantiate(modules[1]!)).toThrow(ModuleDisposedError)
    await expect(engine.instantiateWhenFree(modules[1]!)).rejects.toThrow(ModuleDisposedError)
  })

  it.runIf(name === 'reuse-affinity')(
    'the slots that are left still hit, and a newcomer evicts nobody',
    async () => {
      const newcomer = await engine.compile(tenant('newcomer'), { label: 'newcomer' })
      const before = engine.metrics().pool
      useAll(engine, [newcomer], 250)
      expect(engine.metrics().pool.steals).toBe(before.steals)
      for (const label of [labels[0]!, labels[2]!, labels[3]!]) expect(mappingsOf(label)).toHaveLength(250)
      await newcomer.dispose()
      expect(mappingsOf('newcomer')).toEqual([])
    },
  )

  it('modules in use are cleared as they are released', async () => {
    const label = `${name}-busy`
    const module = await engine.compile(tenant(label), { label })
    const instances = Array.from({ length: 10 }, () => engine.instantiate(module))
    instances.pop()!.release()
    let settled = false
    const disposal = module.dispose().then((receipt) => {
      settled = true
      return receipt
    })
    expect(() => engine.instantiate(module)).toThrow(ModuleDisposedError)
    for (const instance of instances) {
      await new Promise(setImmediate)
      expect(settled).toBe(false)
      // It works until its release.
      ;(instance.exports as Exports)['write']()
      expect(instance.read(0, 4)).toEqual(new Uint8Array(4).fill(255))
      instance.release()
    }
    const receipt = await disposal
    expect(receipt).toMatchObject({
      complete: true,
      slotsCleared: 10,
      waitedForInstances: 9,
      kernel: { mappings: 0, descriptors: 0 },
    })
    expect([...mappingsOf(label), ...descriptorsOf(label)]).toEqual([])
  })

  it('slots that wait for their reset are cleared too', async () => {
    const label = `${name}-queued`
    await using batching = new Engine({
      slots: 20,
      maxMemoryBytes: mebibyte,
      strategy: strategy(),
      resetBatchSize: 50,
    })
    const module = await batching.compile(tenant(label), { label })
    useAll(batching, [module], 20)
    const receipt = await module.dispose()
    expect(receipt).toMatchObject({
      complete: true,
      slotsCleared: 20,
      kernel: { mappings: 0, descriptors: 0 },
    })
    expect([...mappingsOf(label), ...descriptorsOf(label)]).toEqual([])
  })
})

describe('closing', () => {
  it('disposes every module, waits for instances, and refuses what comes later', async () => {
    const engine = new Engine({ slots: 4, maxMemoryBytes: mebibyte })
    const module = await engine.compile(tenant('closing'), { label: 'closing' })
    const instances = [engine.instantiate(module), engine.instantiate(module)]
    let closed = false
    const closing = engine.close().then(() => (closed = true))
    await new Promise(setImmediate)
    expect(closed).toBe(false)
    const refused = { code: 'WARMSLOT_ENGINE_CLOSED' }
    expect(() => engine.instantiate(module)).toThrow(expect.objectContaining(refused))
    await expect(engine.instantiateWhenFree(module)).rejects.toMatchObject(refused)
    await expect(engine.compile(tenant('late'))).rejects.toMatchObject(refused)
    for (const instance of instances) instance.release()
    await closing
    expect([...mappingsOf('closing'), ...descriptorsOf('closing')]).toEqual([])
    await engine.close()
  })

  it('a module whose compilation outlives the engine is not made', async () => {
    const engine = new Engine({ slots: 1, maxMemoryBytes: mebibyte })
    const compiling = engine.compile(tenant('outliving'), { label: 'outliving' })
    await engine.close()
    await expect(compiling).rejects.toMatchObject({ code: 'WARMSLOT_ENGINE_CLOSED' })
    expect(descriptorsOf('outliving')).toEqual([])
  })

  it('modules of another engine are refused', async () => {
    await using one = new Engine({ slots: 1, maxMemoryBytes: mebibyte })
    await using other = new Engine({ slots: 1, maxMemoryBytes: mebibyte })
    const module = await one.compile(tenant('foreign'))
    expect(() => other.instantiate(module)).toThrow(
      expect.objectContaining({ code: 'WARMSLOT_INVALID_OPTION' }),
    )
    await expect(other.instantiateWhenFree(module)).rejects.toMatchObject({ code: 'WARMSLOT_INVALID_OPTION' })
  })
})

describe('waiting', () => {
  it('instantiateWhenFree waits for a release, in order, and times out', async () => {
    await using engine = new Engine({ slots: 1, maxMemoryBytes: mebibyte })
    const module = await engine.compile(tenant('waiting'))
    const first = engine.instantiate(module)
    expect(() => engine.instantiate(module)).toThrow(
      expect.objectContaining({ code: 'WARMSLOT_POOL_EXHAUSTED' }),
    )
    await expect(engine.instantiateWhenFree(module, undefined, { waitMs: 1 })).rejects.toMatchObject({
      code: 'WARMSLOT_WAIT_TIMEOUT',
    })
    const order: number[] = []
    const turns = [1, 2, 3].map(async (turn) => {
      using instance: PooledInstance = await engine.instantiateWhenFree(module)
      order.push(turn, instance.read(5_000, 1)[0]!)
    })
    first.release()
    await Promise.all(turns)
    const w = 'w'.codePointAt(0)
    expect(order).toEqual([1, w, 2, w, 3, w])
  })
})

it('a module that nobody refers to any more is purged after a garbage collection', () => {
  const child = runChild(
    `
    import { readFileSync } from 'node:fs'
    const engine = new warmslot.Engine({ slots: 10, maxMemoryBytes: 1048576 })
    const bytes = new Uint8Array(${JSON.stringify([...tenant('dropped')])})
    const mapped = () => readFileSync('/proc/self/maps', 'latin1').includes(':dropped ')
    await (async () => {
      const module = await engine.compile(bytes, { label: 'dropped' })
      for (let use = 0; use < 3; use++) engine.instantiate(module).release()
    })()
    const before = mapped()
    let rounds = 0
    while (engine.metrics().pool.purges === 0 && rounds++ < 1000) {
      globalThis.gc()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    console.log(JSON.stringify([before, mapped(), engine.metrics().pool.purges]))`,
    { node: ['--expose-gc'] },
  )
  expect(child.stderr).toBe('')
  expect(JSON.parse(child.stdout)).toEqual([true, false, 1])
  expect(child.status).toBe(0)
})
