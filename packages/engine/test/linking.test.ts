/**
 * Pooled instances that share memories, tables, globals, tags and functions: beside plain V8, and what becomes of their
 * slots.
 */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import {
  Engine,
  InstanceReleasedError,
  type PooledInstance,
  type PooledModule,
  reuseAffinity,
} from '../src/index.ts'
import { main, side } from './support/linked-modules.ts'
import type { Exports } from './support/native.ts'
import { nativeInstance } from './support/native.ts'
import { outcomeOf, thrownBy } from './support/outcome.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 6, maxMemoryBytes: 16 * 65_536, strategy: reuseAffinity() })
afterAll(() => engine.close())

type Instantiate = (bytes: Uint8Array<ArrayBuffer>, imports?: WebAssembly.Imports) => Exports

/** Runs a scenario on plain V8 and, twice, in the pool; everything must be the same, and every slot be free again. */
async function same(
  modules: readonly Uint8Array<ArrayBuffer>[],
  run: (instantiate: Instantiate) => unknown,
): Promise<void> {
  const expected = outcomeOf(() => run((bytes, imports) => nativeInstance(bytes, imports).exports as Exports))
  const compiled = new Map<Uint8Array, PooledModule>()
  for (const bytes of modules) compiled.set(bytes, await engine.compile(bytes))
  for (let use = 0; use < 2; use++) {
    const made: PooledInstance[] = []
    const actual = outcomeOf(() =>
      run((bytes, imports) => {
        const instance = engine.instantiate(compiled.get(bytes)!, imports)
        made.push(instance)
        return instance.exports as Exports
      }),
    )
    for (const instance of use === 0 ? made : made.toReversed()) instance.release()
    deepStrictEqual(actual, expected)
    expect(engine.metrics().pool.inUse).toBe(0)
  }
  for (const module of compiled.values())
    expect((await module.dispose()).kernel).toEqual({ mappings: 0, descriptors: 0 })
}

const textOf = (memory: WebAssembly.Memory, start: number, end: number): string =>
  Buffer.from(memory.buffer).toString('latin1', start, end)

/** Main and side, linked. */
const pair = (instantiate: Instantiate): [Exports, Exports] => {
  const exports = instantiate(main)
  return [exports, instantiate(side, { main: exports } as WebAssembly.Imports)]
}

/** A module with these imports, and a memory of its own. */
const importing = (imports: string): Uint8Array<ArrayBuffer> =>
  wat(`(module ${imports} (memory $own 1) (func (export "f") (result i32) (i32.const 1)))`)

const growBoth = (one: Exports, other: Exports): unknown => [
  one['grow']('a', 2),
  other['grow']('b', 1),
  [0, 1, 2].map((entry) => [one['get'](entry), other['get'](entry)]),
  [one['size'](), other['size'](), one['table'].length],
  outcomeOf(() => one['get'](3)),
]

async function mainAndSide(): Promise<[PooledModule, PooledModule]> {
  return [await engine.compile(main), await engine.compile(side)]
}

const link = (instance: PooledInstance): WebAssembly.Imports => ({ main: instance.exports }) as never

describe('beside plain V8', () => {
  const scenarios: [string, (instantiate: Instantiate) => unknown][] = [
    [
      'data segments of the importing module are applied at instantiation',
      (instantiate) => {
        const [{ memory }] = pair(instantiate)
        return [textOf(memory, 0, 20), textOf(memory, 1020, 1040)]
      },
    ],
    [
      'stores of one are loads of the other',
      (instantiate) => {
        const [one, other] = pair(instantiate)
        one['store'](70_000, 7)
        other['store'](70_001, 8)
        return [other['load'](70_000), one['load'](70_001), new Uint8Array(other['memory'].buffer)[70_001]]
      },
    ],
    [
      'there is one size, and growth is seen by both',
      (instantiate) => {
        const [one, other] = pair(instantiate)
        const seen: unknown[] = [one['size'](), other['size']()]
        const { buffer } = one['memory']
        seen.push(
          other['grow'](1),
          one['size'](),
          other['size'](),
          buffer.detached,
          one['memory'].buffer.byteLength,
        )
        seen.push(one['grow'](1), other['size'](), other['memory'].buffer === one['memory'].buffer)
        seen.push(one['memory'].grow(1), one['size'](), other['size'](), other['grow'](1), one['grow'](1))
        other['fill'](5 * 65_536 - 3, 9, 3)
        return [...seen, one['load'](5 * 65_536 - 1), outcomeOf(() => other['fill'](5 * 65_536 - 3, 9, 4))]
      },
    ],
    [
      'accesses beyond the size trap in both',
      (instantiate) => {
        const pairs = pair(instantiate)
        return pairs.map((one) => [
          outcomeOf(() => one['load'](131_072)),
          outcomeOf(() => one['fill'](131_071, 1, 2)),
        ])
      },
    ],
    [
      'calls go both ways through the table',
      (instantiate) => {
        const [one, other] = pair(instantiate)
        const entries = [0, 1, 2].map((entry) => [one['indirect'](entry, 5), other['indirect'](entry, 5)])
        return [entries, outcomeOf(() => one['indirect'](3, 1)), outcomeOf(() => other['indirect'](4, 1))]
      },
    ],
    [
      'what is shared is one object, whoever exports it',
      (instantiate) => {
        const [one, other] = pair(instantiate)
        return [
          ...['memory', 'table', 'counter', 'base', 'double'].map((name) => one[name] === other[name]),
          one['table'].get(0) === one['double'],
          one['table'].get(1) === other['quadruple'],
          other['table'].get(2) === one['double'],
          Object.keys(other),
        ]
      },
    ],
    [
      'a mutable global is one',
      (instantiate) => {
        const [one, other] = pair(instantiate)
        const seen = [one['count'](), other['count'](), one['counter'].value]
        other['counter'].value = 100
        return [...seen, one['count'](), other['count']()]
      },
    ],
    [
      'the host puts functions of one into the table of the other',
      (instantiate) => {
        const [one, other] = pair(instantiate)
        one['table'].set(3, other['quadruple'])
        other['table'].grow(1, one['double'])
        return [other['indirect'](3, 2), one['indirect'](4, 2), one['table'].length]
      },
    ],
    [
      'a third one links to what the second passes on',
      (instantiate) => {
        const [one, other] = pair(instantiate)
        const third = instantiate(side, { main: { ...other, count: one['count'] } } as WebAssembly.Imports)
        third['store'](3, 99)
        return [one['load'](3), third['memory'] === one['memory'], one['table'].get(1) === third['quadruple']]
      },
    ],
    [
      'a memory that is imported under two names is one',
      (instantiate) => {
        const { memory } = instantiate(main)
        const two = instantiate(twice, { a: { b: memory }, c: { d: memory } } as WebAssembly.Imports)
        two['store'](5, 77)
        return [
          two['load'](5),
          two['grow'](1),
          two['size'](),
          two['first'] === two['second'],
          textOf(memory, 0, 6),
        ]
      },
    ],
  ]
  const twice = wat(`(module (import "a" "b" (memory $a 1)) (import "c" "d" (memory $b 1))
    (export "first" (memory $a)) (export "second" (memory $b))
    (func (export "store") (param i32 i32) (i32.store8 $a (local.get 0) (local.get 1)))
    (func (export "load") (param i32) (result i32) (i32.load8_u $b (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow $a (local.get 0)))
    (func (export "size") (result i32) (memory.size $b)))`)
  it.each(scenarios)('%s', (_name, run) => same([main, side, twice], run))

  const mistakes: [string, string][] = [
    ['a memory that is too small', '(import "main" "memory" (memory 3))'],
    ['a memory that may grow too far', '(import "main" "memory" (memory 1 4))'],
    ['both', '(import "main" "memory" (memory 3 4))'],
    ['a fitting memory', '(import "main" "memory" (memory 2 5))'],
    ['a memory without a maximum', '(import "main" "memory" (memory 2))'],
    ['a mistake before it', '(import "main" "x" (func)) (import "main" "memory" (memory 3))'],
    ['a mistake behind it', '(import "main" "memory" (memory 3)) (import "main" "x" (func))'],
    ['a namespace missing behind it', '(import "main" "memory" (memory 3)) (import "none" "x" (func))'],
    [
      'good imports before it',
      '(import "main" "double" (func (param i32) (result i32))) (import "main" "memory" (memory 3))',
    ],
    ['a table that is too small', '(import "main" "table" (table 5 funcref))'],
    ['a table of another type', '(import "main" "table" (table 1 externref))'],
    ['a global of another type', '(import "main" "counter" (global (mut i64)))'],
    ['a global that is not constant', '(import "main" "counter" (global i32))'],
    ['a global that is constant', '(import "main" "base" (global (mut i32)))'],
    ['a function of another type', '(import "main" "double" (func))'],
    ['a function for a memory', '(import "main" "double" (memory 1))'],
    ['a memory for a function', '(import "main" "memory" (func))'],
    ['a table for a global', '(import "main" "table" (global i32))'],
  ]
  // A memory of its own beside an imported one is several memories.
  it.each(mistakes.filter(([, text]) => supported(importing(text))))(
    'links or fails as V8 does: %s',
    async (_name, text) => {
      const bytes = importing(text)
      await same([main, bytes], (instantiate) => {
        const exports = instantiate(main)
        return instantiate(bytes, { main: exports } as WebAssembly.Imports)['f']()
      })
    },
  )

  it('segments out of bounds fail in order, and leave what came before them', async () => {
    const failing = wat(`(module (import "main" "memory" (memory 1)) (import "main" "table" (table 1 funcref))
      (func $f (result i32) (i32.const 1)) (elem (i32.const 3) $f)
      (data (i32.const 0) "first") (data (i32.const 131070) "beyond") (data (i32.const 6) "never"))`)
    await same([main, failing], (instantiate) => {
      const exports = instantiate(main)
      const { memory, table, indirect } = exports
      const error = outcomeOf(() => instantiate(failing, { main: { memory, table } } as WebAssembly.Imports))
      return [error, textOf(memory, 0, 12), outcomeOf(() => indirect(3, 1)), outcomeOf(() => table.get(3)())]
    })
  })

  it('a start function sees what is shared', async () => {
    const starting =
      wat(`(module (import "main" "memory" (memory 1)) (import "main" "count" (func $count (result i32)))
      (data (i32.const 2) "\\05") (start $s) (func $s (i32.store8 (i32.const 3) (i32.add (i32.load8_u (i32.const 2)) (call $count)))))`)
    await same([main, starting], (instantiate) => {
      const exports = instantiate(main)
      instantiate(starting, { main: exports } as WebAssembly.Imports)
      return [exports['load'](3), exports['count']()]
    })
  })

  const references = wat(`(module (table (export "table") 0 20 externref) (memory 1)
    (func (export "grow") (param externref i32) (result i32) (table.grow 0 (local.get 0) (local.get 1)))
    (func (export "get") (param i32) (result externref) (table.get 0 (local.get 0)))
    (func (export "size") (result i32) (table.size 0)))`)
  const usesReferences = wat(`(module (import "m" "table" (table 0 externref)) (memory 1)
    (func (export "grow") (param externref i32) (result i32) (table.grow 0 (local.get 0) (local.get 1)))
    (func (export "get") (param i32) (result externref) (table.get 0 (local.get 0)))
    (func (export "size") (result i32) (table.size 0)))`)

  it('tables of JavaScript values, where the exporting module was compiled for it', async () => {
    const native = nativeInstance(references).exports as Exports
    const expected = growBoth(native, nativeInstance(usesReferences, { m: native }).exports as Exports)
    await using plain = await engine.compile(references)
    await using shared = await engine.compile(references, { sharedTables: true })
    await using user = await engine.compile(usesReferences)
    for (let use = 0; use < 2; use++) {
      using one = engine.instantiate(shared)
      using other = engine.instantiate(user, { m: one.exports } as unknown as WebAssembly.Imports)
      deepStrictEqual(growBoth(one.exports as Exports, other.exports as Exports), expected)
    }
    using one = engine.instantiate(plain)
    const imports = { m: one.exports } as unknown as WebAssembly.Imports
    expect(thrownBy(() => engine.instantiate(user, imports)).message).toMatch(/sharedTables: true/)
    await expect(engine.compile(references, { sharedTables: 1 as never })).rejects.toThrow(/sharedTables/)
  })

  it('tags: exceptions of one are caught by the other', async () => {
    const throwing = wat(
      `(module (memory 1) (tag $t (export "t") (param i32)) (func (export "f") (param i32) (throw $t (local.get 0))))`,
    )
    const catching =
      wat(`(module (import "m" "t" (tag $t (param i32))) (import "m" "f" (func $f (param i32))) (memory 1)
      (func (export "g") (param i32) (result i32) (try (result i32) (do (call $f (local.get 0)) (i32.const 0)) (catch $t))))`)
    await same([throwing, catching], (instantiate) => {
      const exports = instantiate(throwing)
      return instantiate(catching, { m: exports } as WebAssembly.Imports)['g'](42)
    })
  })
})

describe('slots', () => {
  it.each([
    ['the importing one first', 0],
    ['the exporting one first', 1],
  ])('go back when the last is released: %s', async (_order, firstReleased) => {
    const [one, other] = await mainAndSide()
    const instance = engine.instantiate(one)
    const linked = engine.instantiate(other, link(instance))
    expect(engine.metrics().pool.inUse).toBe(1)
    const both = [linked, instance] as const
    const [gone, rest] = firstReleased === 0 ? both : [both[1], both[0]]
    const { memory, table, counter } = rest.exports as Exports
    gone.release()
    expect(engine.metrics().pool.inUse).toBe(1)
    expect(() => gone.exports).toThrow(InstanceReleasedError)
    // What is shared works on with the one that is left.
    const exports = rest.exports as Exports
    exports['store'](9, 5)
    expect(rest.read(9, 1)[0]).toBe(5)
    expect(exports['grow'](1)).toBe(2)
    expect(memory.buffer.byteLength).toBe(3 * 65_536)
    expect([exports['indirect'](1, 3), table.get(0)(4), counter.value, exports['count']() > 5]).toEqual([
      12,
      8,
      5,
      true,
    ])
    rest.release()
    expect(engine.metrics().pool.inUse).toBe(0)
    for (const use of [() => memory.buffer, () => table.length, () => counter.value, () => exports['size']()])
      expect(use).toThrow(InstanceReleasedError)
    expect((await one.dispose()).kernel).toEqual({ mappings: 0, descriptors: 0 })
    await other.dispose()
  })

  it('come back clean, for both modules alone', async () => {
    await using one = await engine.compile(main)
    await using other = await engine.compile(side)
    for (let round = 0; round < 3; round++) {
      const instance = engine.instantiate(one)
      const linked = engine.instantiate(other, link(instance))
      ;(linked.exports as Exports)['fill'](0, 0xee, 131_072)
      ;(instance.exports as Exports)['table'].set(0, null)
      instance.release()
      linked.release()
      const natives = nativeInstance(main).exports as Exports
      using alone = engine.instantiate(one)
      expect(alone.read(0, 131_072)).toEqual(new Uint8Array(natives['memory'].buffer))
      expect((alone.exports as Exports)['indirect'](0, 4)).toBe(8)
      // The other's own memory has its image: the segments are there without the first.
      const imports = { main: { ...(alone.exports as Exports), memory: undefined } }
      using own = engine.instantiate(other, imports as unknown as WebAssembly.Imports)
      expect(Buffer.from(own.read(6, 6)).toString()).toBe('\0side\0')
      expect(alone.read(7, 4)).toEqual(new Uint8Array(natives['memory'].buffer, 7, 4))
    }
  })

  it('of short-lived instances go back while what they only call lives on', async () => {
    const library = await engine.compile(main)
    const user = await engine.compile(
      wat(`(module (import "main" "double" (func $double (param i32) (result i32))) (memory 1)
        (func (export "run") (param i32) (result i32) (i32.store8 (i32.const 1) (i32.const 7)) (call $double (local.get 0))))`),
    )
    const instance = engine.instantiate(library)
    for (let use = 0; use < 50; use++) {
      const short = engine.instantiate(user, link(instance))
      expect((short.exports as Exports)['run'](use)).toBe(use * 2)
      expect(engine.metrics().pool.inUse).toBe(2)
      short.release()
      expect(engine.metrics().pool.inUse).toBe(1)
    }
    instance.release()
    expect(engine.metrics().pool.inUse).toBe(0)
    await library.dispose()
    await user.dispose()
  })

  it('are not taken for a memory that is linked, nor missed when all are in use', async () => {
    await using small = new Engine({ slots: 1, maxMemoryBytes: 16 * 65_536 })
    const [one, other] = [await small.compile(main), await small.compile(side)]
    const instance = small.instantiate(one)
    const linked = small.instantiate(other, link(instance))
    const waited = await small.instantiateWhenFree(other, link(instance), { waitMs: 1000 })
    for (const each of [instance, waited, linked]) each.release()
  })

  it('that an imports function made needless go back at once', async () => {
    await using small = new Engine({ slots: 2, maxMemoryBytes: 16 * 65_536 })
    const [one, other] = [await small.compile(main), await small.compile(side)]
    const instance = small.instantiate(one)
    let early: PooledInstance['memory']
    const linked = small.instantiate(other, (own) => {
      early = own.memory
      own.write(3, Uint8Array.of(1))
      expect(small.metrics().pool.inUse).toBe(2)
      return link(instance)
    })
    expect(small.metrics().pool.inUse).toBe(1)
    expect(() => early!.buffer).toThrow(InstanceReleasedError)
    expect(linked.memory).toBe(instance.memory)
    instance.release()
    linked.release()
    expect(small.metrics().pool.inUse).toBe(0)
    using alone = small.instantiate(other, {
      main: { ...(nativeInstance(main).exports as Exports), memory: undefined },
    } as unknown as WebAssembly.Imports)
    expect(alone.read(0, 12)).toEqual(
      Uint8Array.from('\0\0\0\0\0\0\0side\0', (letter) => letter.charCodeAt(0)),
    )
  })

  it('stay while a promise holds one of the instances', async () => {
    const [one, other] = await mainAndSide()
    const instance = engine.instantiate(one)
    const linked = engine.instantiate(other, link(instance))
    const work = Promise.withResolvers<void>()
    linked.hold(work.promise)
    linked.release()
    instance.release()
    expect(engine.metrics().pool.inUse).toBe(1)
    work.resolve()
    await work.promise
    await Promise.resolve()
    expect(engine.metrics().pool.inUse).toBe(0)
    await one.dispose()
    await other.dispose()
  })

  it('go back when a linked instantiation fails, and the first works on', async () => {
    await using one = await engine.compile(main)
    await using failing = await engine.compile(
      wat(`(module (import "main" "memory" (memory 1)) (import "main" "table" (table 1 funcref)) (start $s)
        (func $s unreachable) (elem (i32.const 3) $s))`),
    )
    using instance = engine.instantiate(one)
    for (let use = 0; use < 3; use++) {
      expect(() => engine.instantiate(failing, link(instance))).toThrow(WebAssembly.RuntimeError)
      expect(engine.metrics().pool.inUse).toBe(1)
    }
    expect((instance.exports as Exports)['grow'](1)).toBe(2)
  })

  it('are not released under a call that may be in them', async () => {
    const calls = await engine.compile(
      wat(`(module (import "main" "memory" (memory 1)) (import "host" "call" (func $call))
        (import "main" "double" (func $double (param i32) (result i32)))
        (func (export "run") (result i32) (call $call) (call $double (i32.const 4))))`),
    )
    const [one, other] = await mainAndSide()
    const instance = engine.instantiate(one)
    let seen: unknown[] = []
    const linked: PooledInstance = engine.instantiate(calls, {
      main: instance.exports,
      host: {
        call() {
          seen = [instance, linked].map((each) => outcomeOf(() => each.release()))
        },
      },
    } as unknown as WebAssembly.Imports)
    expect((linked.exports as Exports)['run']()).toBe(8)
    const busy = expect.objectContaining({ error: 'InstanceBusyError' })
    expect(seen).toEqual([busy, busy])
    instance.release()
    expect((linked.exports as Exports)['run']()).toBe(8)
    // The one that was released already stays so; a second release does nothing.
    expect(seen).toEqual([{ value: undefined }, busy])
    linked.release()
    expect(engine.metrics().pool.inUse).toBe(0)
    for (const module of [one, other, calls]) await module.dispose()
  })

  it('of a released instance cannot be linked to', async () => {
    const [one, other] = await mainAndSide()
    const instance = engine.instantiate(one)
    const imports = link(instance)
    instance.release()
    expect(() => engine.instantiate(other, imports)).toThrow(InstanceReleasedError)
    expect(engine.metrics().pool.inUse).toBe(0)
    await one.dispose()
    await other.dispose()
  })

  it('calls from one to the other pass no JavaScript', async () => {
    await using callee = await engine.compile(
      wat(`(module (import "host" "look" (func $look)) (memory 1) (func (export "through") (call $look)))`),
    )
    await using caller = await engine.compile(
      wat(
        `(module (import "callee" "through" (func $through)) (memory 1) (func (export "run") (call $through)))`,
      ),
    )
    let stack: string[] = []
    const look = (): void => {
      stack = new Error('here').stack!.split('\n').slice(1)
    }
    using one = engine.instantiate(callee, { host: { look } })
    using other = engine.instantiate(caller, { callee: one.exports } as unknown as WebAssembly.Imports)
    ;(other.exports as Exports)['run']()
    const frames = stack.map((line) => (line.includes('wasm://') ? 'wasm' : 'script'))
    expect(frames.slice(0, 4)).toEqual(['script', 'wasm', 'wasm', 'script'])
  })

  it('a pooled memory given to plain V8 is refused by V8', async () => {
    await using one = await engine.compile(main)
    using instance = engine.instantiate(one)
    expect(() => nativeInstance(wat('(module (import "main" "memory" (memory 1)))'), link(instance))).toThrow(
      /memory import must be a WebAssembly.Memory object/,
    )
  })
})
