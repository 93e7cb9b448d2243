/** Whatever fails on the way to an instance, the slots come back, clean, and the error is the one that V8 gives. */
import { MemoryImage, SystemCallError } from '@warmslot/memory-image'
import { injectFaults } from '@warmslot/memory-image/testing'
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, PoolExhaustedError, type PooledInstance, type PooledModule } from '../src/index.ts'
import { descriptorsOf, mappingsOf } from './support/kernel.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { assemble } from './support/random-program.ts'
import { supported, wat } from './support/wat.ts'

const pageBytes = 65_536

function address(value: number): WebAssembly.Imports {
  return { e: { at: new WebAssembly.Global({ value: 'i32' }, value) } }
}

/** Grows by a page; where the kernel does not even take back what it did half-way, the error comes through. */
function growIn(exports: Exports): number {
  try {
    return exports['grow']()
  } catch (error) {
    expect(error).toSatisfy(SystemCallError.isInstance)
    return -1
  }
}

describe('instantiation fails as in V8', () => {
  const engine = new Engine({ slots: 1, maxMemoryBytes: 16 * pageBytes })
  afterAll(() => engine.close())
  const imported = '(import "e" "at" (global $at i32))'
  const failing: [string, string, unknown?][] = [
    [
      'the start function traps',
      '(memory 1) (func $s (i32.store (i32.const 0) (i32.const 1)) unreachable) (start $s)',
    ],
    [
      'the start function loads out of bounds',
      '(memory 1) (func $s (drop (i32.load (i32.const 65533)))) (start $s)',
    ],
    [
      'the start function fills out of bounds',
      '(memory 1) (func $s (memory.fill (i32.const 65533) (i32.const 1) (i32.const 4))) (start $s)',
    ],
    [
      'an import throws in the start function',
      '(import "e" "f" (func $f)) (memory 1) (start $f)',
      {
        e: {
          f() {
            throw new SyntaxError('mine')
          },
        },
      },
    ],
    ['a segment ends one byte beyond the end', '(memory 1) (data (i32.const 65536) "x")'],
    ['a segment begins beyond the end', '(memory 1) (data (i32.const 65537) "")'],
    ['a segment has a negative offset', '(memory 1) (data (i32.const -1) "xyz")'],
    ['a segment into an empty memory', '(memory 0) (data (i32.const 0) "x")'],
    [
      'the third segment',
      '(memory 1) (data (i32.const 0) "a") (data "passive") (data (i32.const 65530) "abcdefgh") (data (i32.const 3) "b")',
    ],
    [
      'a segment at an imported offset',
      `${imported} (memory 2) (data (global.get $at) "abc")`,
      address(131_070),
    ],
    [
      'a segment at an imported negative offset',
      `${imported} (memory 2) (data (global.get $at) "abc")`,
      address(-1),
    ],
    [
      'a segment at a sum',
      `${imported} (memory 2) (data (i32.add (global.get $at) (i32.const 131069)) "abc")`,
      address(1),
    ],
    [
      'a segment after one at an imported offset',
      `${imported} (memory 1) (data (global.get $at) "abc") (data (i32.const 65536) "x")`,
      address(1),
    ],
    ['an element segment', '(memory 1) (table 2 funcref) (func $f) (elem (i32.const 1) $f $f)'],
    [
      'an element segment before a data segment',
      '(memory 1) (table 1 funcref) (func $f) (elem (i32.const 1) $f) (data (i32.const 65536) "x")',
    ],
    ['an import is missing', '(import "e" "f" (func)) (memory 1) (data (i32.const 0) "x")', {}],
  ]
  it.each(failing)('%s', async (_what, text, imports) => {
    const bytes = wat(`(module ${text})`)
    await using module = await engine.compile(bytes)
    const given = imports as WebAssembly.Imports
    for (let use = 0; use < 3; use++) {
      deepStrictEqual(
        outcomeOf(() => engine.instantiate(module, given)),
        outcomeOf(() => nativeInstance(bytes, given)),
      )
    }
    const { pool, instances } = engine.metrics()
    expect(pool).toMatchObject({ inUse: 0, leases: 0, retired: 0 })
    expect(instances.failed).toBeGreaterThanOrEqual(3)
  })

  it('and nothing of it is left for the next use', async () => {
    const bytes = wat(`(module (import "e" "fail" (func $fail (result i32))) (memory (export "m") 1 3)
      (global $runs (mut i32) (i32.const 0)) (data (i32.const 0) "image")
      (func $s (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
        (i32.store8 (i32.const 0) (i32.const 88)) (drop (memory.grow (i32.const 1)))
        (if (call $fail) (then unreachable)))
      (func (export "runs") (result i32) (global.get $runs)) (start $s))`)
    await using module = await engine.compile(bytes)
    let fails = 0
    const imports = { e: { fail: () => fails } }
    for (const outcome of [0, 1, 0, 1, 1, 0]) {
      fails = outcome
      if (outcome === 1) {
        expect(() => engine.instantiate(module, imports)).toThrow(WebAssembly.RuntimeError)
        continue
      }
      using instance = engine.instantiate(module, imports)
      expect((instance.exports as Exports)['runs']()).toBe(1)
      expect(instance.memory!.buffer.byteLength).toBe(2 * pageBytes)
      expect(Buffer.from(instance.read(0, 6)).toString('latin1')).toBe('Xmage\0')
    }
  })
})

describe('the kernel refuses', () => {
  const modules = ['first', 'second'].map((text) =>
    wat(`(module (memory (export "m") 2 4) (data (i32.const 100) "${text}") (data (i32.const 70000) "${text}")
      (func (export "grow") (result i32) (memory.grow (i32.const 1)))
      (func (export "fill") (memory.fill (i32.const 0) (i32.const 255) (i32.const 131072))))`),
  )
  const labels = ['faulty-first', 'faulty-second']

  interface Scene {
    engine: Engine
    modules: PooledModule[]
  }

  async function scene(): Promise<Scene> {
    const engine = new Engine({ slots: 2, maxMemoryBytes: 4 * pageBytes })
    const compiled = await Promise.all(
      modules.map((bytes, index) => engine.compile(bytes, { label: labels[index]! })),
    )
    return { engine, modules: compiled }
  }

  /** Everything that asks the kernel for something; what fails must fail with its error. */
  function act({ engine, modules: [first, second] }: Scene): void {
    const attempt = (module: PooledModule): PooledInstance | undefined => {
      try {
        return engine.instantiate(module)
      } catch (error) {
        // Slots that cannot be cleared are given up; when none is left, the pool says so.
        if (!SystemCallError.isInstance(error) && !(error instanceof PoolExhaustedError)) throw error
        return undefined
      }
    }
    for (const module of [first!, first!, second!, first!]) {
      const instance = attempt(module)
      if (!instance) continue
      const exports = instance.exports as Exports
      exports['fill']()
      const grown = growIn(exports)
      expect([-1, 2]).toContain(grown)
      if (grown === 2) instance.write(3 * pageBytes - 1, Uint8Array.of(1))
      instance.release()
    }
  }

  async function expectIntact({ engine, modules: compiled }: Scene): Promise<void> {
    const { inUse, leases } = engine.metrics().pool
    expect({ inUse, leases }).toEqual({ inUse: 0, leases: 0 })
    const rounds = engine.metrics().pool.retired === 0 ? 2 : 0
    for (let round = 0; round < rounds; round++) {
      const instances = compiled.map((module) => engine.instantiate(module))
      for (const [index, instance] of instances.entries()) {
        const native = nativeInstance(modules[index]!).exports as Exports
        expect(instance.memory!.buffer.byteLength).toBe(2 * pageBytes)
        expect(Buffer.from(instance.memory!.buffer).equals(Buffer.from(native['m'].buffer))).toBe(true)
        ;(instance.exports as Exports)['fill']()
        expect((instance.exports as Exports)['grow']()).toBe(2)
        expect(instance.read(2 * pageBytes, pageBytes)).toEqual(new Uint8Array(pageBytes))
        instance.release()
      }
    }
    for (const [index, module] of compiled.entries()) {
      const receipt = await module.dispose()
      expect(receipt).toMatchObject({ complete: true, kernel: { mappings: 0, descriptors: 0 } })
      expect([...mappingsOf(labels[index]!), ...descriptorsOf(labels[index]!)]).toEqual([])
    }
    await engine.close()
  }

  it('one call, whichever it is', async () => {
    // First a run without a fault, to learn how many calls there are.
    const whole = await scene()
    let calls = 0
    {
      using _count = injectFaults(({ total }) => {
        calls = total
        return undefined
      })
      act(whole)
    }
    await expectIntact(whole)
    expect(calls).toBeGreaterThan(20)
    for (let failing = 1; failing <= calls; failing++) {
      const one = await scene()
      {
        using _fault = injectFaults(({ total }) => (total === failing ? 'ENOMEM' : undefined))
        act(one)
      }
      await expectIntact(one)
    }
  })

  it.each(['mmap', 'mprotect', 'madvise', 'ioctl'])('every %s for a while', async (name) => {
    for (const from of [1, 2, 5, 9]) {
      const one = await scene()
      {
        using _fault = injectFaults(({ call, count }) =>
          call === name && count >= from ? 'ENOMEM' : undefined,
        )
        act(one)
      }
      await expectIntact(one)
    }
  })

  it.each(['memfd_create', 'ftruncate', 'fcntl', 'pwrite'])('%s while a module is compiled', async (name) => {
    await using engine = new Engine({ slots: 2, maxMemoryBytes: 4 * pageBytes })
    const two = assemble({
      memories: [0, 1].map(() => ({ initial: 1, maximum: undefined, is64: false, imported: false })),
      segments: [0, 1].map((memory) => ({ memory, offset: 0n, bytes: Uint8Array.of(1) })),
      functions: [],
    })
    for (const [failing, source] of [
      [1, modules[0]!],
      [2, two],
    ] as const) {
      if (!supported(source)) continue
      using _fault = injectFaults(({ call, count }) =>
        call === name && count >= failing ? 'EMFILE' : undefined,
      )
      await expect(engine.compile(source, { label: 'unmade' })).rejects.toSatisfy(SystemCallError.isInstance)
    }
    expect([...mappingsOf('unmade'), ...descriptorsOf('unmade')]).toEqual([])
    await using module = await engine.compile(modules[0]!)
    engine.instantiate(module).release()
  })

  it('growth: the guest sees -1, the host a RangeError, and both may try again', async () => {
    const one = await scene()
    using instance = one.engine.instantiate(one.modules[0]!)
    const { grow, m } = instance.exports as Exports
    const { buffer } = m
    {
      using _fault = injectFaults(({ call, count }) =>
        call === 'mprotect' && count % 2 === 1 ? 'ENOMEM' : undefined,
      )
      expect(grow()).toBe(-1)
      expect(() => m.grow(1)).toThrow(
        new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory'),
      )
      expect(m.buffer).toBe(buffer)
    }
    expect(grow()).toBe(2)
    expect(m.grow(1)).toBe(3)
    instance.release()
    await expectIntact(one)
  })

  it('leaves no image open that nobody has', () => {
    const image = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'control' })
    expect(descriptorsOf('control')).toHaveLength(1)
    image.release()
    expect(descriptorsOf('control')).toHaveLength(0)
  })
})
