/** `instance.memory` beside a native WebAssembly.Memory: growth, arguments, buffers. */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, type PooledInstance } from '../src/index.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 16 * 65_536 })
afterAll(() => engine.close())

const growing = (limits: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (memory (export "m") ${limits})
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size)))`)

async function both(
  limits: string,
  compare: (pooled: Exports, native: Exports, instance: PooledInstance) => void,
): Promise<void> {
  const bytes = growing(limits)
  await using module = await engine.compile(bytes)
  // Twice: on a fresh slot, and on one that was grown before.
  for (let use = 0; use < 2; use++) {
    using instance = engine.instantiate(module)
    compare(instance.exports, nativeInstance(bytes).exports, instance)
  }
}

function growByHost(exports: Exports, delta: number): unknown {
  return outcomeOf(() => exports['m'].grow(delta))
}

describe('grow', () => {
  const badArguments: [string, unknown[]][] = [
    ['none', []],
    ['undefined', [undefined]],
    ['null', [null]],
    ['text', ['1']],
    ['no number', ['x']],
    ['an empty array', [[]]],
    ['negative', [-1]],
    ['negative fraction', [-0.5]],
    ['fraction', [1.5]],
    ['NaN', [Number.NaN]],
    ['infinite', [Infinity]],
    ['2^32', [2 ** 32]],
    ['2^32 - 0.5', [2 ** 32 - 0.5]],
    ['2^32 - 1', [2 ** 32 - 1]],
    ['a bigint', [1n]],
    ['a symbol', [Symbol('s')]],
    ['an object', [{}]],
    [
      'an object that throws',
      [
        {
          valueOf() {
            throw new SyntaxError('mine')
          },
        },
      ],
    ],
    ['true', [true]],
    ['two', [1, 2]],
  ]
  it.each(badArguments)('takes its argument as V8 does: %s', async (_name, values) => {
    await both('1 8', (pooled, native) => {
      deepStrictEqual(
        outcomeOf(() => pooled['m'].grow(...values)),
        outcomeOf(() => native['m'].grow(...values)),
      )
      expect(pooled['m'].buffer.byteLength).toBe(native['m'].buffer.byteLength)
    })
  })

  it.each(['0', '0 0', '1', '1 1', '1 3', '2 8'])('by host and guest, limits %s', async (limits) => {
    await both(limits, (pooled, native) => {
      for (const delta of [0, 1, 65_537, 0, 2, 2 ** 32 - 1]) {
        deepStrictEqual(growByHost(pooled, delta), growByHost(native, delta))
        expect(pooled['grow'](delta)).toBe(native['grow'](delta))
        expect(pooled['size']()).toBe(native['size']())
        expect(pooled['m'].buffer.byteLength).toBe(native['m'].buffer.byteLength)
      }
    })
  })

  it('stops at the capacity of a slot as at an engine limit of V8', async () => {
    await using module = await engine.compile(growing('1'))
    using instance = engine.instantiate(module)
    const { m, grow, size } = instance.exports as Exports
    expect(grow(16)).toBe(-1)
    expect(grow(15)).toBe(1)
    expect(grow(1)).toBe(-1)
    expect(size()).toBe(16)
    expect(() => m.grow(1)).toThrow(
      new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory'),
    )
    new Uint8Array(m.buffer)[16 * 65_536 - 1] = 1
  })

  it('is undone by the next use', async () => {
    await using module = await engine.compile(growing('1'))
    for (let use = 0; use < 3; use++) {
      using instance = engine.instantiate(module)
      const { m, grow, size } = instance.exports as Exports
      expect([size(), m.buffer.byteLength]).toEqual([1, 65_536])
      grow(3)
      new Uint8Array(m.buffer).fill(7)
    }
  })
})

/** What becomes of a buffer when the memory grows. */
function growAndLook(exports: Exports, way: (exports: Exports) => void): unknown {
  const { buffer } = exports['m']
  const same = buffer === exports['m'].buffer
  way(exports)
  const after = exports['m'].buffer
  return {
    same,
    kept: buffer === after,
    detached: buffer.detached,
    bytes: [buffer.byteLength, after.byteLength],
    resizable: after.resizable,
  }
}

describe('buffer', () => {
  it('is one object until growth, and detached by growth: also by nothing, by host or guest', async () => {
    const ways: ((exports: Exports) => void)[] = [
      (exports) => exports['m'].grow(0),
      (exports) => exports['m'].grow(1),
      (exports) => exports['grow'](0),
      (exports) => exports['grow'](1),
      (exports) => exports['grow'](2 ** 32 - 1),
      (exports) => outcomeOf(() => exports['m'].grow(2 ** 32 - 1)),
    ]
    for (const way of ways) {
      for (const limits of ['0', '1', '2 8']) {
        await both(limits, (pooled, native) => {
          deepStrictEqual(growAndLook(pooled, way), growAndLook(native, way))
        })
      }
    }
  })

  it('is the same memory as instance.memory and instance.memories have', async () => {
    await both('1', (pooled, _native, instance) => {
      expect(instance.memory).toBe(pooled['m'])
      expect(instance.memories).toEqual([pooled['m']])
      expect(instance.memory!.buffer).toBe(pooled['m'].buffer)
    })
  })
})

describe.runIf('toResizableBuffer' in WebAssembly.Memory.prototype)('the forms of the buffer', () => {
  it('is of a fixed length, as it is natively until another is asked for', async () => {
    await both('1 4', (pooled, native) => {
      for (const { m } of [pooled, native]) {
        const { buffer } = m
        expect(m.toFixedLengthBuffer()).toBe(buffer)
        expect([buffer.detached, buffer.resizable]).toEqual([false, false])
        m.grow(1)
        expect(m.toFixedLengthBuffer()).toBe(m.buffer)
        expect(m.toFixedLengthBuffer().byteLength).toBe(131_072)
      }
    })
  })

  it('cannot be resizable', async () => {
    await both('1', (pooled, native) => {
      deepStrictEqual(
        outcomeOf(() => pooled['m'].toResizableBuffer()),
        outcomeOf(() => native['m'].toResizableBuffer()),
      )
    })
    await both('1 4', (pooled) => {
      expect(() => pooled['m'].toResizableBuffer()).toThrow(TypeError)
      expect(() => pooled['m'].toResizableBuffer()).toThrow(/a pooled memory has no resizable buffer/)
    })
  })

  it('is not there any more after release', async () => {
    await using module = await engine.compile(growing('1 4'))
    const instance = engine.instantiate(module)
    const { m } = instance.exports as Exports
    instance.release()
    for (const name of ['toResizableBuffer', 'toFixedLengthBuffer']) {
      expect(() => m[name]()).toThrow(expect.objectContaining({ code: 'WARMSLOT_INSTANCE_RELEASED' }))
    }
  })
})

describe('read and write', () => {
  it('copy, within the logical size only', async () => {
    await both('1 2', (pooled, _native, instance) => {
      const { m } = pooled
      instance.write(65_530, Uint8Array.of(1, 2, 3))
      expect([...instance.read(65_529, 5)]).toEqual([0, 1, 2, 3, 0])
      const copy = instance.read(65_530, 3)
      new Uint8Array(m.buffer)[65_530] = 9
      expect(copy[0]).toBe(1)
      expect(() => instance.read(65_536, 1)).toThrow(RangeError)
      expect(() => instance.read(-1, 1)).toThrow(RangeError)
      expect(() => instance.write(65_534, new Uint8Array(3))).toThrow(RangeError)
      expect(() => instance.read(0, 1, 1)).toThrow(/no memory 1; it has 1/)
      m.grow(1)
      expect(instance.read(65_536, 65_536)).toEqual(new Uint8Array(65_536))
    })
  })
})
