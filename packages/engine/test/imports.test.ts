/** What callers give as imports: rejected as V8 rejects it, or refused with advice, or served. */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, type PooledInstance, UnsupportedImportError } from '../src/index.ts'
import { runChild } from './support/child.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { outcomeOf, thrownBy } from './support/outcome.ts'
import { rawModule } from './support/raw-module.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 3, maxMemoryBytes: 16 * 65_536 })
afterAll(() => engine.close())

/** `describeModule` is what the module imports, beside a memory of its own. */
async function compare(text: string, imports: unknown): Promise<void> {
  const bytes = wat(
    `(module ${text} (memory (export "own") 1) (func (export "f") (result i32) (memory.size)))`,
  )
  await using module = await engine.compile(bytes)
  const given = imports as WebAssembly.Imports
  // After a few uses imports are read in another way.
  for (let use = 0; use < 12; use++) {
    const actual = outcomeOf(() => {
      using instance = engine.instantiate(module, given)
      return (instance.exports as Exports)['f']()
    })
    deepStrictEqual(
      actual,
      outcomeOf(() => (nativeInstance(bytes, given).exports as Exports)['f']()),
    )
  }
  expect(engine.metrics().pool.inUse).toBe(0)
}

/** Imports `a.x`, `b.y` and `b.z`, and what was read of them, in order. */
function watched(): [string[], WebAssembly.Imports] {
  const seen: string[] = []
  const watch = (name: string, target: object): object =>
    new Proxy(target, {
      get(from, property, receiver) {
        seen.push(`${name}.${String(property)}`)
        return Reflect.get(from, property, receiver)
      },
    })
  const imports = { a: watch('a', { x: 1 }), b: watch('b', { y: () => 1, z: () => 1 }) }
  return [seen, watch('imports', imports) as WebAssembly.Imports]
}

const foreign = nativeInstance(
  wat('(module (func (export "f") (result i32) (i32.const 1)) (tag (export "t") (param i32)))'),
).exports

describe('as V8 judges them', () => {
  const shapes: [string, string, unknown][] = [
    ['no imports', '(import "a" "f" (func))', undefined],
    ['null for imports', '(import "a" "f" (func))', null],
    ['null for no imports', '', null],
    ['a number for imports', '(import "a" "f" (func))', 5],
    ['a text for no imports', '', 'x'],
    [
      'a class instance for imports',
      '(import "a" "f" (func))',
      new (class {
        a = { f: () => 1 }
      })(),
    ],
    ['no module', '(import "a" "f" (func))', {}],
    ['no second module', '(import "a" "f" (func)) (import "b" "f" (func))', { a: { f: () => 1 } }],
    ['a number for a module', '(import "a" "f" (func))', { a: 5 }],
    ['null for a module', '(import "a" "f" (func))', { a: null }],
    ['null for a module with a memory', '(import "a" "f" (func)) (import "a" "g" (global i32))', { a: null }],
    ['a function for a module', '(import "a" "f" (func))', { a: Object.assign(() => 1, { f: () => 1 }) }],
    ['no function', '(import "a" "f" (func))', { a: {} }],
    ['null for a function', '(import "a" "f" (func))', { a: { f: null } }],
    ['an object for a function', '(import "a" "f" (func))', { a: { f: {} } }],
    ['a fitting native function', '(import "a" "f" (func (result i32)))', { a: foreign }],
    ['a native function of another type', '(import "a" "f" (func (param i32)))', { a: foreign }],
    ['no function, with references', '(import "a" "f" (func (param funcref)))', { a: { f: 3 } }],
    [
      'a memory for a function',
      '(import "a" "f" (func))',
      { a: { f: new WebAssembly.Memory({ initial: 1 }) } },
    ],
    ['no global', '(import "a" "g" (global i32))', { a: {} }],
    ['a text for a global', '(import "a" "g" (global i32))', { a: { g: '1' } }],
    ['a bigint for an i32', '(import "a" "g" (global i32))', { a: { g: 1n } }],
    ['a number for an i64', '(import "a" "g" (global i64))', { a: { g: 1 } }],
    ['a number for a mutable', '(import "a" "g" (global (mut i32)))', { a: { g: 1 } }],
    [
      'a global of another type',
      '(import "a" "g" (global i32))',
      { a: { g: new WebAssembly.Global({ value: 'f32' }, 1) } },
    ],
    [
      'a constant for a mutable',
      '(import "a" "g" (global (mut i32)))',
      { a: { g: new WebAssembly.Global({ value: 'i32' }, 1) } },
    ],
    [
      'a mutable for a constant',
      '(import "a" "g" (global i32))',
      { a: { g: new WebAssembly.Global({ value: 'i32', mutable: true }, 1) } },
    ],
    [
      'a fitting global',
      '(import "a" "g" (global (mut i32)))',
      { a: { g: new WebAssembly.Global({ value: 'i32', mutable: true }, 1) } },
    ],
    ['no function for a funcref', '(import "a" "g" (global funcref))', { a: { g: 3 } }],
    ['null for a funcref', '(import "a" "g" (global funcref))', { a: { g: null } }],
    ['a JavaScript function for a funcref', '(import "a" "g" (global funcref))', { a: { g: () => 1 } }],
    ['a native function for a funcref', '(import "a" "g" (global funcref))', { a: { g: foreign['f'] } }],
    ['undefined for an externref', '(import "a" "g" (global externref))', { a: {} }],
    ['no table', '(import "a" "t" (table 1 funcref))', { a: {} }],
    ['an array for a table', '(import "a" "t" (table 1 funcref))', { a: { t: [] } }],
    [
      'too small a table',
      '(import "a" "t" (table 5 funcref))',
      { a: { t: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }) } },
    ],
    [
      'a table without a maximum',
      '(import "a" "t" (table 1 5 funcref))',
      { a: { t: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }) } },
    ],
    [
      'a table of another type',
      '(import "a" "t" (table 1 externref))',
      { a: { t: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }) } },
    ],
    [
      'a fitting table',
      '(import "a" "t" (table 1 funcref))',
      { a: { t: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }) } },
    ],
    ['no tag', '(import "a" "t" (tag (param i32)))', { a: {} }],
    ['a tag of another type', '(import "a" "t" (tag (param i64)))', { a: foreign }],
    ['a fitting tag', '(import "a" "t" (tag (param i32)))', { a: foreign }],
    ['an array for a memory', '(import "a" "m" (memory 1))', { a: { m: [] } }],
    ['null for a memory', '(import "a" "m" (memory 1))', { a: { m: null } }],
    [
      'a table for a memory',
      '(import "a" "m" (memory 1))',
      { a: { m: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }) } },
    ],
    [
      'the first of two mistakes',
      '(import "b" "x" (func)) (import "a" "g" (global i32))',
      { b: {}, a: { g: 1n } },
    ],
    [
      'a function before a missing module',
      '(import "a" "f" (func)) (import "b" "m" (global i32))',
      { a: { f: 1 } },
    ],
  ]
  // A module with a memory of its own beside an imported one must be valid here.
  const twoMemories = WebAssembly.validate(wat('(module (memory 1) (memory 1))'))
  it.each(shapes.filter(([, text]) => twoMemories || !text.includes('(memory')))(
    '%s',
    async (_name, text, imports) => {
      await compare(text, imports)
    },
  )

  it('reads the properties of imports in the order that V8 reads them in', async () => {
    const bytes = wat(
      '(module (import "b" "y" (func)) (import "a" "x" (global i32)) (import "b" "z" (func)) (memory 1))',
    )
    await using module = await engine.compile(bytes)
    const [expected, forNative] = watched()
    nativeInstance(bytes, forNative)
    for (let use = 0; use < 12; use++) {
      const [seen, forPool] = watched()
      engine.instantiate(module, forPool).release()
      expect(seen.slice(0, expected.length)).toEqual(expected)
    }
  })

  it('a value that is another one counts in every use, and names are whatever they are', async () => {
    const names = ['__proto__', 'constructor', "'quoted\\", '${x}', '`', '\u2028', '', 'a b', '\n', '*/']
    const text = names.map((name) => {
      const escaped = [...new TextEncoder().encode(name)].map(
        (byte) => `\\${byte.toString(16).padStart(2, '0')}`,
      )
      return `(import "${escaped.join('')}" "${escaped.join('')}" (global i32))`
    })
    const sum = names.map((_, index) => `(global.get ${index})`).join(' ')
    const adds = '(i32.add) '.repeat(names.length - 1).replaceAll('(i32.add)', 'i32.add')
    const bytes = wat(
      `(module ${text.join('\n')} (memory 1) (func (export "sum") (result i32) ${sum} ${adds}))`,
    )
    await using module = await engine.compile(bytes)
    const namespaces = names.map((name) => Object.defineProperty({}, name, { value: 1, writable: true }))
    const imports = {}
    for (const [index, name] of names.entries())
      Object.defineProperty(imports, name, { value: namespaces[index] })
    for (let use = 0; use < 40; use++) {
      const [namespace, name] = [namespaces[use % names.length], names[use % names.length]!]
      ;(namespace as Record<string, number>)[name] = use
      using instance = engine.instantiate(module, imports)
      const expected = names.reduce(
        (all, key, index) => all + (namespaces[index] as Record<string, number>)[key]!,
        0,
      )
      expect((instance.exports as Exports)['sum']()).toBe(expected)
    }
  })

  it('passes on what a getter throws', async () => {
    await using module = await engine.compile(wat('(module (import "a" "x" (global i32)) (memory 1))'))
    const imports = {
      get a(): never {
        throw new SyntaxError('mine')
      },
    }
    expect(() => engine.instantiate(module, imports)).toThrow(new SyntaxError('mine'))
    expect(engine.metrics().pool.inUse).toBe(0)
  })
})

describe('as a function', () => {
  const bytes = wat(`(module (import "e" "log" (func $log)) (memory (export "m") 1 3)
    (func (export "run") (i32.store8 (i32.const 3) (i32.const 9)) (call $log))
    (func (export "size") (result i32) (memory.size)))`)

  it('gets the instance, whose memory is there already', async () => {
    await using module = await engine.compile(bytes)
    let seen: unknown
    using instance = engine.instantiate(module, (early) => {
      early.write(1, Uint8Array.of(5))
      early.memory!.grow(1)
      expect(() => early.exports).toThrow(TypeError)
      return { e: { log: () => (seen = [...early.read(0, 4)]) } }
    })
    const { run, size, m } = instance.exports as Exports
    run()
    expect(seen).toEqual([0, 5, 0, 9])
    expect(size()).toBe(2)
    expect(m).toBe(instance.memory)
  })

  it('may not release it, and may fail: the slot is free again and clean', async () => {
    await using module = await engine.compile(bytes)
    let early: PooledInstance | undefined
    const failing = (instance: PooledInstance): never => {
      early = instance
      instance.write(0, Uint8Array.of(1))
      expect(() => instance.release()).toThrow(/busy|running/i)
      throw new SyntaxError('mine')
    }
    expect(() => engine.instantiate(module, failing)).toThrow(new SyntaxError('mine'))
    expect(() => early!.memory!.buffer).toThrow(/was released/)
    using next = engine.instantiate(module, { e: { log() {} } })
    expect(next.read(0, 1)[0]).toBe(0)
  })
})

describe('memories', () => {
  const bytes = wat(`(module (import "env" "memory" (memory 1 3)) (data (i32.const 4) "data")
    (export "memory" (memory 0)) (func (export "size") (result i32) (memory.size)))`)

  it.each([
    ['left out with its module', () => ({})],
    ['left out', () => ({ env: {} })],
    ['undefined', () => ({ env: { memory: undefined } })],
    ['the one of the instance', (instance: PooledInstance) => ({ env: { memory: instance.memory } })],
  ])('%s come from the pool', async (_name, make) => {
    await using module = await engine.compile(bytes)
    using instance = engine.instantiate(module, make as (instance: PooledInstance) => WebAssembly.Imports)
    expect(String.fromCharCode(...instance.read(4, 4))).toBe('data')
    expect((instance.exports as Exports)['memory']).toBe(instance.memory)
    instance.memory!.grow(1)
    expect((instance.exports as Exports)['size']()).toBe(2)
  })

  it('imports left out altogether are fine where only memories are missing', async () => {
    await using module = await engine.compile(bytes)
    engine.instantiate(module).release()
  })

  it('of the caller are refused, with what to do', async () => {
    await using module = await engine.compile(bytes)
    const native = thrownBy(() =>
      engine.instantiate(module, { env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 3 }) } }),
    )
    expect(native).toBeInstanceOf(UnsupportedImportError)
    expect(native.code).toBe('WARMSLOT_UNSUPPORTED_IMPORT')
    expect(native.message).toMatch(/"env" "memory".*instance\.memory/)
    expect(engine.metrics().pool.inUse).toBe(0)
  })
})

describe('what could reach the next tenant', () => {
  const filling = wat(`(module (import "e" "t" (table 2 funcref)) (memory (export "m") 1 2)
    (elem (i32.const 0) func $load $store)
    (func $load (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func $store (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))`)
  const tenant = wat('(module (memory (export "m") 1) (data (i32.const 0) "secret"))')

  it('raw functions in a table of the caller do not', async () => {
    await using small = new Engine({ slots: 1, maxMemoryBytes: 65_536 * 2 })
    const first = await small.compile(filling)
    const second = await small.compile(tenant)
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 2 })
    const instance = small.instantiate(first, { e: { t: table } })
    const load = table.get(0)
    const store = table.get(1)
    store(0, 9)
    expect(load(0)).toBe(9)
    expect(instance.read(0, 1)[0]).toBe(9)
    instance.release()
    const next = small.instantiate(second)
    // They run on the memory that was given up: nothing is there any more.
    expect(() => load(0)).toThrow(WebAssembly.RuntimeError)
    expect(() => store(0, 1)).toThrow(WebAssembly.RuntimeError)
    expect(String.fromCharCode(...next.read(0, 6))).toBe('secret')
    next.release()
    await first.dispose()
    await second.dispose()
  })

  // A struct with a function in it, and a function that calls what such a struct holds.
  const structs = rawModule({
    types: [
      [0x60, 1, 0x7f, 1, 0x7f],
      [0x5f, 1, 0x63, 0, 0],
      [0x60, 0, 1, 0x6e],
      [0x60, 2, 0x6e, 0x7f, 1, 0x7f],
    ],
    declared: [0],
    functions: [
      { type: 0, code: [0x20, 0, 0x2d, 0, 0] },
      { type: 2, code: [0xd2, 0, 0xfb, 0, 1] },
      { type: 3, code: [0x20, 1, 0x20, 0, 0xfb, 23, 1, 0xfb, 2, 1, 0, 0x14, 0] },
    ],
  })
  it.runIf(supported(structs))('functions in objects of the GC proposal do not', async () => {
    await using small = new Engine({ slots: 1, maxMemoryBytes: 65_536 * 3 })
    const first = await small.compile(structs)
    const second = await small.compile(tenant)
    const instance = small.instantiate(first)
    const { f1, f2 } = instance.exports as Exports
    const struct = f1()
    expect(f2(struct, 0)).toBe(0)
    instance.release()
    using _next = small.instantiate(second)
    const native = nativeInstance(structs).exports as Exports
    expect(() => native['f2'](struct, 0)).toThrow(WebAssembly.RuntimeError)
  })

  const cloned = '(buffer) => structuredClone(buffer, { transfer: [buffer] })'
  const transferred = '(buffer) => buffer.transfer()'
  const keepers: [string, string, string][] = [
    ['transfer()', transferred, ''],
    ['structuredClone()', cloned, ''],
    ['transfer(), then growth by the host', transferred, 'instance.memory.grow(1)'],
    ['structuredClone(), then growth by the guest', cloned, 'instance.exports.grow(1)'],
  ]
  it.each(keepers)(
    'a buffer that was transferred away does not, nor does it crash: %s',
    (_how, steal, grow) => {
      const child = runChild(
        `
      const { Engine } = warmslot
      const first = new Uint8Array(${JSON.stringify([...wat('(module (memory (export "m") 1 2) (func (export "grow") (param i32) (memory.grow (local.get 0)) drop))')])})
      const engine = new Engine({ slots: 1, maxMemoryBytes: 131072 })
      const one = await engine.compile(first)
      const two = await engine.compile(new Uint8Array(${JSON.stringify([...tenant])}))
      const steal = ${steal}
      // The buffer of a slot's first use is Node's own and cannot be cloned away, a renewed one can.
      const before = engine.instantiate(one)
      before.memory.buffer
      before.release()
      const instance = engine.instantiate(one)
      const buffer = instance.memory.buffer
      const stolen = new Uint8Array(steal(buffer))
      stolen[0] = 7
      ${grow}
      instance.release()
      const next = engine.instantiate(two)
      const seen = [stolen[0]]
      stolen.fill(99)
      const kept = Buffer.from(next.read(0, 6)).toString()
      next.release()
      for (let round = 0; round < 5; round++) {
        globalThis.gc()
        await new Promise(setImmediate)
        engine.instantiate(two).release()
      }
      stolen.fill(98)
      seen.push(stolen[1])
      await engine.close()
      globalThis.gc()
      stolen.fill(97)
      console.log(JSON.stringify([kept, seen, stolen[2]]))`,
        { node: ['--expose-gc'] },
      )
      expect(child.stderr).toBe('')
      expect([child.signal, child.status]).toEqual([null, 0])
      expect(JSON.parse(child.stdout)).toEqual(['secret', [0, 98], 97])
    },
  )
})
