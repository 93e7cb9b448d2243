/** `instance.exports` beside V8's own: made when asked for, few or many, and all at once where earlier uses asked a lot. */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, InstanceReleasedError, type PooledModule } from '../src/index.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 1, maxMemoryBytes: 65_536 })
afterAll(() => engine.close())

const names = ['zed', '2', 'constructor', '10', '', '__proto__', 'a b', '1', 'then', 'Ünï', '\\00']

function module(extra: number): Uint8Array<ArrayBuffer> {
  const functions = [...names, ...Array.from({ length: extra }, (_, index) => `f${index}`)]
  const text = functions.map((name, index) => `(func (export "${name}") (result i32) (i32.const ${index}))`)
  return wat(`(module (memory (export "memory") 1) ${text.join('\n')})`)
}

/** A module one of whose uses has asked for so many exports. */
async function compiled(bytes: Uint8Array<ArrayBuffer>, reads: number): Promise<PooledModule> {
  const pooled = await engine.compile(bytes)
  using instance = engine.instantiate(pooled)
  for (let read = 0; read < reads; read++) expect((instance.exports as Exports)['zed']()).toBe(0)
  return pooled
}

describe.each([
  ['few', 0, 0],
  ['few, after a use that asked for many', 0, 100],
  ['many', 40, 0],
  ['many, after a use that asked for many', 40, 100],
])('%s exports', (_name, extra, reads) => {
  const bytes = module(extra)

  const questions: [string, (exports: Exports) => unknown][] = [
    ['names in order', (exports) => Object.keys(exports)],
    ['own keys', (exports) => Reflect.ownKeys(exports)],
    ['entries', (exports) => Object.entries(exports).map(([name, value]) => [name, typeof value])],
    ['spread', (exports) => Object.keys({ ...exports })],
    ['JSON', (exports) => JSON.stringify(exports)],
    [
      'for..in',
      (exports) => {
        const seen = []
        // oxlint-disable-next-line guard-for-in -- what it sees is the question
        for (const name in exports) seen.push(name)
        return seen
      },
    ],
    ['in', (exports) => ['zed', 'toString', '1', 'none', '__proto__'].map((name) => name in exports)],
    ['own', (exports) => ['zed', 'toString', '1', 'none'].map((name) => Object.hasOwn(exports, name))],
    ['prototype', (exports) => Object.getPrototypeOf(exports)],
    [
      'frozen',
      (exports) => [Object.isFrozen(exports), Object.isExtensible(exports), Object.isSealed(exports)],
    ],
    [
      'descriptors',
      (exports) =>
        Object.entries(Object.getOwnPropertyDescriptors(exports)).map(([name, { value, ...flags }]) => [
          name,
          typeof value,
          flags,
        ]),
    ],
    [
      'what is missing',
      (exports) => [exports['none'], exports['toString'], Reflect.get(exports, Symbol.toStringTag)],
    ],
    ['tag', (exports) => Object.prototype.toString.call(exports)],
    ['names of functions', (exports) => names.map((name) => exports[name]?.name)],
    ['results', (exports) => ['zed', '10', '', '__proto__', 'then'].map((name) => exports[name]())],
    ['Reflect.set', (exports) => Reflect.set(exports, 'zed', 1)],
    ['Reflect.set of a new name', (exports) => Reflect.set(exports, 'none', 1)],
    ['Reflect.defineProperty', (exports) => Reflect.defineProperty(exports, 'none', { value: 1 })],
    [
      'Reflect.deleteProperty',
      (exports) => [Reflect.deleteProperty(exports, 'zed'), Reflect.deleteProperty(exports, 'x')],
    ],
    [
      'Reflect.setPrototypeOf',
      (exports) => [Reflect.setPrototypeOf(exports, {}), Reflect.setPrototypeOf(exports, null)],
    ],
    ['preventExtensions', (exports) => Object.preventExtensions(exports) === exports],
    ['freeze', (exports) => Object.freeze(exports) === exports],
    ['an object that inherits from it', (exports) => Object.create(exports)['zed']()],
  ]

  it.each(questions)('%s', async (_question, ask) => {
    await using pooled = await compiled(bytes, reads)
    using instance = engine.instantiate(pooled)
    const native = nativeInstance(bytes).exports
    deepStrictEqual(
      outcomeOf(() => ask(instance.exports)),
      outcomeOf(() => ask(native)),
    )
    // And once more, now that the object may know everything.
    Object.keys(instance.exports)
    deepStrictEqual(
      outcomeOf(() => ask(instance.exports)),
      outcomeOf(() => ask(native)),
    )
  })

  it('throws for writes in strict mode, as a frozen object', async () => {
    await using pooled = await compiled(bytes, reads)
    using instance = engine.instantiate(pooled)
    const exports = instance.exports as Exports
    expect(() => {
      exports['zed'] = 1
    }).toThrow(TypeError)
    expect(() => {
      exports['none'] = 1
    }).toThrow(TypeError)
    expect(() => {
      delete exports['zed']
    }).toThrow(TypeError)
    expect(exports['zed']()).toBe(0)
  })

  it('is one object, with the same values at each look', async () => {
    await using pooled = await compiled(bytes, reads)
    using instance = engine.instantiate(pooled)
    expect(instance.exports).toBe(instance.exports)
    const { zed, memory } = instance.exports
    Object.keys(instance.exports)
    expect(instance.exports['zed']).toBe(zed)
    expect(instance.exports['memory']).toBe(memory)
  })

  it('is of no use after the release, whenever it was asked', async () => {
    await using pooled = await compiled(bytes, reads)
    const instance = engine.instantiate(pooled)
    const { exports } = instance as { exports: Exports }
    const { zed } = exports
    instance.release()
    expect(() => zed()).toThrow(InstanceReleasedError)
    expect(() => exports['10']()).toThrow(InstanceReleasedError)
    expect(() => exports['memory'].buffer).toThrow(InstanceReleasedError)
  })

  it('shows nothing hidden', async () => {
    await using pooled = await engine.compile(bytes)
    expect(pooled.exports).toEqual(WebAssembly.Module.exports(new WebAssembly.Module(bytes)))
    expect(pooled.imports).toEqual([])
  })
})
