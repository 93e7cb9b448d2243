/** Memories with addresses of type i64, beside native ones: their handles, their segments, their slots, and links. */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, type PooledInstance, UnsupportedModuleError, nextAvailable } from '../src/index.ts'
import { memory64Pooled } from './support/memory64.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { supported, wat } from './support/wat.ts'

const pageBytes = 65_536
const engine = new Engine({ slots: 2, maxMemoryBytes: 16 * pageBytes })
afterAll(() => engine.close())

const growing = (limits: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (memory (export "m") i64 ${limits})
    (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
    (func (export "load") (param i64) (result i32) (i32.load8_u (local.get 0)))
    (func (export "store") (param i64 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "size") (result i64) (memory.size)))`)

async function both(
  bytes: Uint8Array<ArrayBuffer>,
  compare: (pooled: Exports, native: Exports, instance: PooledInstance) => void,
  imports?: WebAssembly.Imports,
): Promise<void> {
  await using module = await engine.compile(bytes)
  for (let use = 0; use < 3; use++) {
    using instance = engine.instantiate(module, imports)
    compare(instance.exports, nativeInstance(bytes, imports).exports, instance)
  }
}

describe.skipIf(memory64Pooled)('where V8 checks the bounds of 64-bit memories in code', () => {
  it.each(['(module (memory i64 1))', '(module (import "e" "m" (memory i64 1)) (memory 1))'])(
    'a module with one is refused, with the reason: %s',
    async (text) => {
      const bytes = wat(text)
      if (!supported(bytes)) return expect(engine.compile(bytes)).rejects.toThrow(WebAssembly.CompileError)
      const error: unknown = await engine.compile(bytes).catch((one: unknown) => one)
      expect(error).toBeInstanceOf(UnsupportedModuleError)
      expect((error as Error).message).toMatch(
        /memory 0 is a memory64, and this V8 .*new WebAssembly\.Instance/,
      )
    },
  )
})

describe.runIf(memory64Pooled)('the handle of a 64-bit memory', () => {
  const badArguments: [string, unknown[]][] = [
    ['none', []],
    ['undefined', [undefined]],
    ['null', [null]],
    ['a number', [1]],
    ['zero', [0]],
    ['NaN', [Number.NaN]],
    ['text', ['1']],
    ['empty text', ['']],
    ['no number', ['x']],
    ['an empty array', [[]]],
    ['true', [true]],
    ['1n', [1n]],
    ['7n', [7n]],
    ['8n', [8n]],
    ['negative', [-1n]],
    ['2^32', [2n ** 32n]],
    ['2^64 - 1', [2n ** 64n - 1n]],
    ['2^64', [2n ** 64n]],
    ['2^64 + 1', [2n ** 64n + 1n]],
    ['-2^64', [-(2n ** 64n)]],
    ['a symbol', [Symbol('s')]],
    ['an object', [{}]],
    ['an object with a value', [{ valueOf: () => 2n }]],
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
    ['two', [1n, 2n]],
  ]
  it.each(badArguments)('takes the argument of grow as V8 does: %s', async (_name, values) => {
    await both(growing('1 8'), (pooled, native) => {
      deepStrictEqual(
        outcomeOf(() => pooled['m'].grow(...values)),
        outcomeOf(() => native['m'].grow(...values)),
      )
      expect(pooled['m'].buffer.byteLength).toBe(native['m'].buffer.byteLength)
      expect(pooled['size']()).toBe(native['size']())
    })
  })

  it.each(['0', '0 0', '1', '1 1', '1 3', '2 8'])('grows by host and guest, limits %s', async (limits) => {
    await both(growing(limits), (pooled, native) => {
      for (const delta of [0n, 1n, 262_145n, 0n, 2n, 2n ** 32n - 1n]) {
        const seen = [pooled, native].map((exports) => {
          const { buffer } = exports['m']
          const grown = outcomeOf(() => exports['m'].grow(delta))
          const after = exports['m'].buffer
          const byGuest = exports['grow'](delta)
          const last = exports['m'].buffer
          return [grown, buffer === after, byGuest, after === last, last.byteLength, exports['size']()]
        })
        deepStrictEqual(seen[0], seen[1])
      }
      for (const delta of [2n ** 32n, 2n ** 32n + 1n, 2n ** 48n + 1n, 2n ** 63n, -1n]) {
        expect(pooled['grow'](delta)).toBe(native['grow'](delta))
        expect(pooled['size']()).toBe(native['size']())
      }
    })
  })

  it('does not grow by 2^32 pages and more, where V8 cuts off the upper bits', async () => {
    await using module = await engine.compile(growing('1'))
    using instance = engine.instantiate(module)
    for (const delta of [2n ** 32n, 2n ** 32n + 1n, 2n ** 48n + 1n, 2n ** 63n]) {
      expect(() => (instance.exports as Exports)['m'].grow(delta)).toThrow(RangeError)
      expect(instance.memory!.buffer.byteLength).toBe(pageBytes)
    }
  })

  it('stops at the capacity of a slot', async () => {
    await using module = await engine.compile(growing('1'))
    using instance = engine.instantiate(module)
    const { m, grow, size, load } = instance.exports as Exports
    expect([grow(16n), grow(15n), grow(1n), size()]).toEqual([-1n, 1n, -1n, 16n])
    expect(() => m.grow(1n)).toThrow(
      new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory'),
    )
    new Uint8Array(m.buffer)[16 * pageBytes - 1] = 5
    expect(load(BigInt(16 * pageBytes - 1))).toBe(5)
    expect(() => load(BigInt(16 * pageBytes))).toThrow(WebAssembly.RuntimeError)
  })

  it('read and write take numbers', async () => {
    await using module = await engine.compile(growing('1'))
    using instance = engine.instantiate(module)
    instance.write(pageBytes - 2, Uint8Array.of(1, 2))
    expect((instance.exports as Exports)['load'](BigInt(pageBytes - 1))).toBe(2)
    expect([...instance.read(pageBytes - 3, 3)]).toEqual([0, 1, 2])
    expect(() => instance.read(pageBytes, 1)).toThrow(RangeError)
  })

  it('grown before instantiation, tells the guest', async () => {
    await using module = await engine.compile(
      wat(`(module (import "e" "m" (memory i64 1 4)) (export "m" (memory 0))
        (func (export "size") (result i64) (memory.size)) (func (export "grow") (result i64) (memory.grow (i64.const 1))))`),
    )
    for (let use = 0; use < 2; use++) {
      using instance = engine.instantiate(module, ({ memory }) => {
        expect(memory!.grow(2n)).toBe(1n)
        return { e: { m: memory } } as unknown as WebAssembly.Imports
      })
      const { m, size, grow } = instance.exports as Exports
      expect([m.buffer.byteLength, size(), grow(), grow()]).toEqual([3 * pageBytes, 3n, 3n, -1n])
    }
  })

  it("a memory of V8's own as import is refused as ever", async () => {
    await using module = await engine.compile(wat('(module (import "e" "m" (memory i64 1)))'))
    const m = new WebAssembly.Memory({ address: 'i64', initial: 1n } as never)
    expect(() => engine.instantiate(module, { e: { m } })).toThrow(/gets its memory from the pool/)
    engine.instantiate(module).release()
  })
})

/** Its second segment is at `offset`. */
const at = (offset: string, imports = ''): Uint8Array<ArrayBuffer> =>
  wat(`(module ${imports} (memory (export "m") i64 1) (memory 1)
    (data (i64.const 4) "image") (data ${offset} "late"))`)

const look = (exports: Exports) => Buffer.from(exports['m'].buffer).toString('latin1').replaceAll('\0', '.')

describe.runIf(memory64Pooled)('data segments at 64-bit offsets', () => {
  const offsets = [
    '(i64.const 65532)',
    '(i64.const 65533)',
    '(i64.const 65536)',
    '(i64.const 4294967296)',
    '(i64.const 9007199254740993)',
    '(i64.const 0x8000000000000000)',
    '(i64.const -1)',
    '(i64.add (i64.const 0x7fffffffffffffff) (i64.const 0x7fffffffffffffff))',
    '(i64.sub (i64.const 10) (i64.mul (i64.const 0x100000000) (i64.const 0x100000000)))',
    '(i64.sub (i64.const 1) (i64.const 2))',
  ]
  it.each(offsets)('constant: %s', async (offset) => {
    const bytes = at(offset)
    await using module = await engine.compile(bytes)
    for (let use = 0; use < 2; use++) {
      deepStrictEqual(
        outcomeOf(() => {
          using instance = engine.instantiate(module)
          return look(instance.exports)
        }),
        outcomeOf(() => look(nativeInstance(bytes).exports)),
      )
    }
  })

  it.each([0n, 65_532n, 65_533n, 65_537n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])(
    'imported: %s',
    async (offset) => {
      const bytes = at('(global.get $g)', '(import "e" "g" (global $g i64))')
      const imports = { e: { g: BigInt.asIntN(64, offset) } } as unknown as WebAssembly.Imports
      await using module = await engine.compile(bytes)
      deepStrictEqual(
        outcomeOf(() => {
          using instance = engine.instantiate(module, imports)
          return look(instance.exports)
        }),
        outcomeOf(() => look(nativeInstance(bytes, imports).exports)),
      )
    },
  )
})

const tenant = (is64: boolean, mark: string): Uint8Array<ArrayBuffer> => {
  const type = is64 ? 'i64' : 'i32'
  return wat(`(module (memory (export "m") ${is64 ? 'i64' : ''} 1 16) (data (${type}.const 100) "${mark}")
    (global $count (mut i32) (i32.const 0))
    (func (export "count") (result i32) (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
    (func (export "grow") (param ${type}) (result ${type}) (memory.grow (local.get 0)))
    (func (export "fill") (memory.fill (${type}.const 0) (i32.const 0xee) (${type}.const 1048576))))`)
}

const drive = ({ a, b, c, ...f }: Exports): unknown => [
  [
    () => f['growA'](1n),
    () => f['growB'](2),
    () => f['growC'](1n),
    () => f['toB'](0, 0n, 70_000),
    () => f['toB'](-1, 0n, 1),
    () => f['toB'](0, 2n ** 64n - 1n, 2),
    () => f['toA'](131_071n, 0, 1),
    () => f['toA'](131_072n, 0, 0),
    () => f['toA'](131_072n, 0, 1),
    () => f['toA'](2n ** 32n, 0, 0),
    () => f['toC'](0n, 0n, 65_536n),
    () => f['toC'](0n, 0n, 65_537n),
    () => f['toC'](1n, 0n, 2n ** 64n - 1n),
    () => f['toC'](2n ** 63n, 2n ** 63n, 2n ** 63n),
    () => f['sizes'](),
  ].map((run) => outcomeOf(run)),
  [a, b, c].map((memory) => Buffer.from(memory.buffer).toString('base64')),
]

describe.runIf(memory64Pooled)('slots that serve both', () => {
  it('show nothing of another use in either kind, and serve warm', async () => {
    await using own = new Engine({ slots: 1, maxMemoryBytes: 16 * pageBytes, strategy: nextAvailable() })
    const modules = await Promise.all(
      [false, true, false, true].map((is64, index) => own.compile(tenant(is64, `tenant ${index}`))),
    )
    for (const index of [0, 1, 1, 0, 0, 3, 1, 2, 3, 3, 0, 1, 3, 2, 2]) {
      const is64 = index % 2 === 1
      using instance = own.instantiate(modules[index]!)
      const { m, count, grow, fill } = instance.exports as Exports
      expect(count()).toBe(1)
      expect(grow(is64 ? 15n : 15)).toBe(is64 ? 1n : 1)
      const expected = Buffer.alloc(16 * pageBytes)
      expected.write(`tenant ${index}`, 100)
      expect(Buffer.compare(Buffer.from(m.buffer), expected)).toBe(0)
      fill()
      expect(new Uint8Array(m.buffer).every((byte) => byte === 0xee)).toBe(true)
    }
    // Four times the use before was of the same module.
    expect(own.metrics()).toMatchObject({ instances: { warm: 4, fresh: 11 }, pool: { hits: 4, retired: 0 } })
    for (const module of modules) {
      expect(await module.dispose()).toMatchObject({
        complete: true,
        kernel: { mappings: 0, descriptors: 0 },
      })
    }
  })

  it('one module with memories of both kinds, whichever slots it gets', async () => {
    const bytes =
      wat(`(module (memory $a (export "a") i64 1 4) (memory $b (export "b") 1 4) (memory $c (export "c") i64 0 4)
      (data (i64.const 0) "a")
      (func (export "growA") (param i64) (result i64) (memory.grow $a (local.get 0)))
      (func (export "growB") (param i32) (result i32) (memory.grow $b (local.get 0)))
      (func (export "growC") (param i64) (result i64) (memory.grow $c (local.get 0)))
      (func (export "toB") (param i32 i64 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
      (func (export "toA") (param i64 i32 i32) (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
      (func (export "toC") (param i64 i64 i64) (memory.copy $c $a (local.get 0) (local.get 1) (local.get 2)))
      (func (export "sizes") (result i64 i32 i64) (memory.size $a) (memory.size $b) (memory.size $c)))`)
    await using own = new Engine({ slots: 3, maxMemoryBytes: 16 * pageBytes, strategy: nextAvailable() })
    await using module = await own.compile(bytes)
    await using narrow = await own.compile(tenant(false, 'narrow'))
    for (let use = 0; use < 4; use++) {
      using instance = own.instantiate(module)
      deepStrictEqual(drive(instance.exports as Exports), drive(nativeInstance(bytes).exports as Exports))
      instance.release()
      if (use > 1) own.instantiate(narrow).release()
    }
  })
})

const exporter = (limits: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (memory (export "m") ${limits})
    (func (export "size") (result ${limits.startsWith('i64') ? 'i64' : 'i32'}) (memory.size)))`)
/** Imports what {@link exporter} exports. */
const importer = wat(`(module (import "e" "m" (memory i64 1 5)) (data (i64.const 3) "linked")
  (func (export "size") (result i64) (memory.size))
  (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
  (func (export "fill") (param i64 i64) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
  (func (export "load") (param i64) (result i32) (i32.load8_u (local.get 0))))`)

function driveLinked(main: Exports, side: Exports): unknown {
  const seen: unknown[] = []
  for (const run of [
    () => side['grow'](1n),
    () => main['m'].grow(1n),
    () => side['grow'](9n),
    () => side['fill'](196_600n, 8n),
    () => side['fill'](196_601n, 8n),
    () => side['load'](2n ** 64n - 1n),
  ]) {
    seen.push([outcomeOf(run), main['size'](), side['size'](), main['m'].buffer.byteLength])
  }
  return [seen, Buffer.from(main['m'].buffer).toString('base64')]
}

describe.runIf(memory64Pooled)('linked instances', () => {
  it('share a 64-bit memory: one slot, one size, its segments applied', async () => {
    const bytes = exporter('i64 1 5')
    await using main = await engine.compile(bytes)
    await using side = await engine.compile(importer)
    for (let use = 0; use < 3; use++) {
      const native = nativeInstance(bytes).exports as Exports
      const expected = driveLinked(
        native,
        nativeInstance(importer, { e: { m: native['m'] } }).exports as Exports,
      )
      using first = engine.instantiate(main)
      const { m } = first.exports as Exports
      using second = engine.instantiate(side, { e: { m } })
      expect(engine.metrics().pool.inUse).toBe(1)
      deepStrictEqual(driveLinked(first.exports as Exports, second.exports as Exports), expected)
    }
  })

  it.each(['1 5', '2 3', 'i64 1', 'i64 1 6', 'i64 0 5', 'i64 1 5'])(
    'fail as on plain V8 where the memory does not fit: %s',
    async (limits) => {
      const bytes = exporter(limits)
      await using main = await engine.compile(bytes)
      await using side = await engine.compile(importer)
      const m = (nativeInstance(bytes).exports as Exports)['m']
      const expected = outcomeOf(() => typeof nativeInstance(importer, { e: { m } }))
      using first = engine.instantiate(main)
      deepStrictEqual(
        outcomeOf(() => {
          using second = engine.instantiate(side, { e: { m: (first.exports as Exports)['m'] } })
          return typeof second
        }),
        expected,
      )
    },
  )

  it('a 64-bit memory does not fit where a 32-bit one is imported', async () => {
    const narrow = wat('(module (import "e" "m" (memory 1)))')
    await using main = await engine.compile(exporter('i64 1'))
    await using side = await engine.compile(narrow)
    const m = new WebAssembly.Memory({ address: 'i64', initial: 1n } as never)
    using first = engine.instantiate(main)
    deepStrictEqual(
      outcomeOf(() => engine.instantiate(side, { e: { m: (first.exports as Exports)['m'] } })),
      outcomeOf(() => nativeInstance(narrow, { e: { m } })),
    )
  })
})
