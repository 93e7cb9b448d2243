/** The end of a use: what was handed out is dead, the slot serves the next one, and nothing breaks in between. */
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, InstanceBusyError, InstanceReleasedError, type PooledInstance } from '../src/index.ts'
import { kitchen, kitchenImports } from './support/kitchen.ts'
import type { Exports } from './support/native.ts'
import { thrownBy } from './support/outcome.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 16 * 65_536 })
const module = await engine.compile(kitchen)
afterAll(() => engine.close())

function start(own?: Record<string, unknown>): PooledInstance {
  return engine.instantiate(module, kitchenImports(own))
}

describe('after the release', () => {
  const uses: [string, (exports: Exports, instance: PooledInstance) => () => unknown][] = [
    [
      'a function',
      ({ increment }) =>
        () =>
          increment(1),
    ],
    [
      'a function of five',
      ({ five }) =>
        () =>
          five(1, 2, 3, 4, 5),
    ],
    [
      'a function with references',
      ({ echo }) =>
        () =>
          echo(null),
    ],
    [
      'a re-exported import',
      ({ reexported }) =>
        () =>
          reexported(1),
    ],
    ['a reference', ({ give }) => give()],
    [
      'memory.buffer',
      ({ memory }) =>
        () =>
          memory.buffer,
    ],
    [
      'memory.grow',
      ({ memory }) =>
        () =>
          memory.grow(0),
    ],
    [
      'table.get',
      ({ table }) =>
        () =>
          table.get(0),
    ],
    [
      'table.set',
      ({ table }) =>
        () =>
          table.set(0, null),
    ],
    [
      'table.grow',
      ({ table }) =>
        () =>
          table.grow(0),
    ],
    [
      'table.length',
      ({ table }) =>
        () =>
          table.length,
    ],
    [
      'global.value',
      ({ count }) =>
        () =>
          count.value,
    ],
    [
      'global.value of a function',
      ({ kept }) =>
        () =>
          kept.value,
    ],
    [
      'global.valueOf',
      ({ count }) =>
        () =>
          count.valueOf(),
    ],
    [
      'setting global.value',
      ({ count }) =>
        () =>
          (count.value = 1),
    ],
    ['instance.exports', (_exports, instance) => () => instance.exports],
    ['instance.memory.buffer', (_exports, instance) => () => instance.memory!.buffer],
    ['instance.read', (_exports, instance) => () => instance.read(0, 1)],
    ['instance.write', (_exports, instance) => () => instance.write(0, Uint8Array.of(1))],
    ['a name not asked for before', (exports) => () => exports['double2'] ?? exports['long'](1n)],
  ]
  it.each(uses)('%s throws', (_what, prepare) => {
    const instance = start()
    const use = prepare(instance.exports, instance)
    instance.release()
    // Somebody else has the slot now, or an equal use of the same module.
    using next = start()
    const error = thrownBy(use)
    expect(error).toBeInstanceOf(InstanceReleasedError)
    expect(error.code).toBe('WARMSLOT_INSTANCE_RELEASED')
    expect((next.exports as Exports)['count'].value).toBe(5)
  })

  it('buffers are detached, of whichever size', () => {
    const instance = start()
    const buffers = [0, 1, 0, 2].map((delta) => {
      instance.memory!.grow(delta)
      return instance.memory!.buffer
    })
    const view = new Uint8Array(buffers.at(-1)!)
    instance.release()
    for (const buffer of buffers) expect([buffer.detached, buffer.byteLength]).toEqual([true, 0])
    expect(view[0]).toBeUndefined()
  })

  it('an export of an instance with many of them cannot be made any more', () => {
    const instance = start()
    const { exports } = instance
    instance.release()
    expect(() => exports['increment']).toThrow(InstanceReleasedError)
    expect(() => Object.keys(exports)).toThrow(InstanceReleasedError)
  })

  it('another release does nothing, whoever has the slot', () => {
    const instance = start()
    instance.release()
    using next = start()
    next.write(0, Uint8Array.of(1))
    instance.release()
    instance[Symbol.dispose]()
    expect(instance.released).toBe(true)
    expect(next.released).toBe(false)
    expect(next.read(0, 1)[0]).toBe(1)
    expect(engine.metrics().pool.inUse).toBe(1)
  })

  it('handles of an earlier use do not become alive with a warm instance', () => {
    const imports = kitchenImports()
    const first = engine.instantiate(module, imports)
    const { increment } = first.exports as Exports
    first.release()
    using second = engine.instantiate(module, imports)
    expect((second.exports as Exports)['increment']).not.toBe(increment)
    expect(() => increment(1)).toThrow(InstanceReleasedError)
    expect(() => (second.exports as Exports)['table'].set(0, increment)).toThrow(InstanceReleasedError)
  })
})

describe('while a call runs', () => {
  it('release throws, and the instance goes on', () => {
    let instance: PooledInstance
    let error: unknown
    const call = (value: number): number => {
      error = thrownBy(() => instance.release())
      return value + 1
    }
    instance = start({ call })
    const { callHost, load, store } = instance.exports as Exports
    expect(callHost(1)).toBe(2)
    expect(error).toBeInstanceOf(InstanceBusyError)
    expect(error).toHaveProperty('code', 'WARMSLOT_INSTANCE_BUSY')
    store(8, 7)
    expect(load(8)).toBe(7)
    instance.release()
    expect(instance.released).toBe(true)
  })

  it.each(['valueOf of an argument', 'iteration of results'])('also within %s', (where) => {
    let error: unknown
    const instance = start()
    const attempt = (): number => {
      error = thrownBy(() => instance.release())
      return 4
    }
    const exports = instance.exports as Exports
    if (where.startsWith('valueOf')) expect(exports['increment']({ valueOf: attempt })).toBe(5)
    else expect(exports['callHost']({ [Symbol.toPrimitive]: attempt })).toBe(4)
    expect(error).toBeInstanceOf(InstanceBusyError)
    instance.release()
  })

  it('other instances can be made, used and released', () => {
    const call = (value: number): number => {
      using other = start()
      return (other.exports as Exports)['increment'](value)
    }
    using instance = start({ call })
    expect((instance.exports as Exports)['callHost'](1)).toBe(2)
    expect(engine.metrics().pool.inUse).toBe(1)
  })

  it('the instance can be called again, and each level counts', () => {
    let depth = 0
    let instance: PooledInstance
    const call = (value: number): number => {
      depth++
      if (value === 0) return 0
      const result = (instance.exports as Exports)['callHost'](value - 1)
      expect(() => instance.release()).toThrow(InstanceBusyError)
      return result + 1
    }
    instance = start({ call })
    expect((instance.exports as Exports)['callHost'](20)).toBe(20)
    expect(depth).toBe(21)
    instance.release()
  })
})

describe('exceptions', () => {
  it.each([
    ['an error', new SyntaxError('mine')],
    ['a text', 'text'],
    ['undefined', undefined],
    ['an object', { a: 1 }],
  ])('from imports pass unchanged: %s', (_what, thrown) => {
    const call = (): never => {
      // oxlint-disable-next-line only-throw-error -- anything can be thrown
      throw thrown
    }
    const instance = start({ call })
    let caught: unknown = 'nothing'
    try {
      ;(instance.exports as Exports)['callHost'](1)
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
    instance.release()
  })

  it('do not leave the instance busy: traps, throws, stack overflow', () => {
    const instance = start({
      call: (value: number): number => (instance.exports as Exports)['callHost'](value + 1),
    })
    const exports = instance.exports as Exports
    expect(() => exports['trap']()).toThrow(WebAssembly.RuntimeError)
    expect(() => exports['callHost'](0)).toThrow(RangeError)
    expect(() => exports['pair'](1, 1)).toThrow(TypeError)
    instance.release()
    using next = start()
    expect((next.exports as Exports)['increment'](1)).toBe(2)
  })

  it('stack overflow in every kind of function leaves nothing running', async () => {
    const bytes = wat(`(module (memory 1) (func $f (export "f") (call $f))
      (func $g (export "g") (param i32 i32) (result i32) (call $g (local.get 0) (local.get 1)))
      (func $h (export "h") (param funcref) (result funcref) (call $h (local.get 0))))`)
    await using recursive = await engine.compile(bytes)
    const instance = engine.instantiate(recursive)
    const { f, g, h } = instance.exports as Exports
    for (const run of [f, () => g(1, 2), () => h(null)]) {
      let attempts = 0
      // At each of the last depths before the end: in the handle, in the exchange, in the module.
      const deep = (): void => {
        try {
          deep()
        } catch (error) {
          if (attempts++ < 100) run()
          throw error
        }
      }
      expect(run).toThrow(RangeError)
      expect(deep).toThrow(RangeError)
      expect(attempts).toBeGreaterThan(100)
    }
    instance.release()
  })
})
