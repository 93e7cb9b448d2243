/** JavaScript Promise Integration, where V8 has it: suspended calls, compared with `WebAssembly.promising`. */
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, InstanceBusyError, UnsupportedRuntimeError } from '../src/index.ts'
import { nativeInstance } from './support/native.ts'
import { outcomeOfAsync } from './support/outcome.ts'
import { wat } from './support/wat.ts'

interface PromiseIntegration {
  promising(raw: unknown): (...values: unknown[]) => Promise<unknown>
  Suspending: new (host: (...values: never[]) => unknown) => WebAssembly.ImportValue
}

const { promising, Suspending } = WebAssembly as unknown as PromiseIntegration
const engine = new Engine({ slots: 1, maxMemoryBytes: 2 * 65_536 })
afterAll(() => engine.close())

const bytes = wat(`(module (import "host" "fetch" (func $fetch (param i32) (result i32)))
  (memory (export "memory") 1) (global $calls (mut i32) (i32.const 0))
  (func (export "run") (param i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 0) (call $fetch (local.get 0)))
    (i32.add (i32.load (i32.const 0)) (global.get $calls)))
  (func (export "big") (param i64) (result i64) (local.get 0)))`)

const later = (value: number): Promise<number> =>
  new Promise((resolve, reject) =>
    setImmediate(() => (value < 0 ? reject(new RangeError('refused')) : resolve(value * 2))),
  )

describe.runIf(typeof promising === 'function')('where V8 has it', () => {
  it('gives what WebAssembly.promising gives', async () => {
    const imports = { host: { fetch: new Suspending(later) } }
    const module = await engine.compile(bytes)
    for (let use = 0; use < 2; use++) {
      const native = nativeInstance(bytes, imports)
      const pooled = engine.instantiate(module, imports)
      for (const [name, ...values] of [
        ['run', 21],
        ['run', -1],
        ['run', '4'],
        ['run'],
        ['big', 5n],
        ['big', 5],
      ] as const) {
        const expected = await outcomeOfAsync(async () => promising(native.exports[name])(...values))
        expect(
          await outcomeOfAsync(async () => pooled.promising(name)(...values)),
          `${name} ${values}`,
        ).toEqual(expected)
      }
      // Not through a plain call: nothing could be suspended there.
      expect(await outcomeOfAsync(async () => (pooled.exports as Record<string, any>)['run'](1))).toEqual(
        await outcomeOfAsync(async () => (native.exports as Record<string, any>)['run'](1)),
      )
      pooled.release()
    }
    expect(engine.metrics().instances.warm).toBeGreaterThan(0)
  })

  it('a suspended call keeps the instance from being released', async () => {
    const { promise: answer, resolve: resume } = Promise.withResolvers<number>()
    const fetch = new Suspending(() => answer)
    const module = await engine.compile(bytes)
    const instance = engine.instantiate(module, { host: { fetch } })
    const running = instance.promising('run')(1)
    expect(() => instance.release()).toThrow(InstanceBusyError)
    expect(() => instance.release()).toThrow('suspended')
    expect(engine.metrics().pool.inUse).toBe(1)
    resume(40)
    expect(await running).toBe(41)
    const call = instance.promising('run')
    instance.release()
    await expect(call(1)).rejects.toThrow('was released')
    expect(() => instance.promising('run')).toThrow('was released')
  })

  it('names what is no exported function', async () => {
    const module = await engine.compile(bytes)
    using instance = engine.instantiate(module, { host: { fetch: new Suspending(later) } })
    expect(() => instance.promising('memory')).toThrow(TypeError)
    expect(() => instance.promising('nothing')).toThrow('"nothing"')
  })
})

it.skipIf(typeof promising === 'function')('elsewhere the error says what is needed', async () => {
  const module = await engine.compile(bytes)
  using instance = engine.instantiate(module, { host: { fetch: () => 1 } })
  expect(() => instance.promising('run')).toThrow(UnsupportedRuntimeError)
  expect(() => instance.promising('run')).toThrow('Node 24')
})
