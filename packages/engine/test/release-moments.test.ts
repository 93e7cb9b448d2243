/** Release at a bad moment: wherever code of the caller's runs within an operation on the instance, it is refused. */
import { afterAll, expect, it } from 'vitest'

import { Engine, InstanceBusyError, type PooledInstance } from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { thrownBy } from './support/outcome.ts'
import { runChild } from './support/child.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 16 * 65_536 })
const module = await engine.compile(
  wat(`(module (import "e" "f" (func $f (param i32) (result i32))) (import "e" "two" (func $two (result i32 i32)))
    (memory (export "m") 1 4) (table (export "t") 2 9 externref) (table (export "functions") 2 9 funcref)
    (global (export "g") (mut i32) (i32.const 1)) (global (export "big") (mut i64) (i64.const 1))
    (func $start (drop (call $f (i32.const -1)))) (start $start)
    (func (export "call") (param i32) (result i32) (call $f (local.get 0)))
    (func (export "pair") (result i32) (call $two) i32.add)
    (func (export "take") (param i64) (result i64) (local.get 0)))`),
)
afterAll(() => engine.close())

type Attempt = () => number
type Moment = (exports: Exports, attempt: Attempt, set: (host: Partial<Host>) => void) => unknown

interface Host {
  f: (value: number) => unknown
  two: () => unknown
}

const moments: Record<string, Moment> = {
  'a callback': (exports, attempt, set) => {
    set({ f: attempt })
    exports['call'](1)
  },
  'a handler of an exception that went through wasm': (exports, attempt, set) => {
    set({
      f(value) {
        if (value === 0) throw new Error('inner')
        try {
          return exports['call'](value - 1)
        } catch {
          return attempt()
        } finally {
          attempt()
        }
      },
    })
    exports['call'](1)
  },
  'valueOf of an argument': (exports, attempt) => exports['call']({ valueOf: attempt }),
  'toString of a 64-bit argument': (exports, attempt) =>
    exports['take']({ toString: () => String(attempt()) }),
  "valueOf of a callback's result": (exports, attempt, set) => {
    set({ f: () => ({ valueOf: attempt }) })
    exports['call'](1)
  },
  'an iterator of several results': (exports, attempt, set) => {
    set({
      *two() {
        yield attempt()
        yield { valueOf: attempt }
      },
    })
    exports['pair']()
  },
  'a conversion in global.value =': (exports, attempt) => (exports['g'].value = { valueOf: attempt }),
  'a conversion in memory.grow': (exports, attempt) => exports['m'].grow({ valueOf: attempt }),
  'a conversion in table.get': (exports, attempt) => exports['functions'].get({ valueOf: attempt }),
  'a conversion in table.set': (exports, attempt) => exports['functions'].set({ valueOf: attempt }, null),
  'a conversion in table.grow': (exports, attempt) => exports['functions'].grow({ valueOf: attempt }, null),
  'a conversion in a logical table': (exports, attempt) => exports['t'].set({ valueOf: attempt }, 'value'),
  'growth of a logical table': (exports, attempt) => exports['t'].grow({ valueOf: attempt }, 'value'),
}

function start(
  host: Partial<Host> = {},
  around?: (imports: WebAssembly.Imports) => WebAssembly.Imports,
): PooledInstance {
  const current: Host = { f: () => 0, two: () => [1, 2], ...host }
  const imports = { e: { f: (value: number) => current.f(value), two: () => current.two() } }
  return engine.instantiate(module, around ? around(imports) : imports)
}

it.each(Object.entries(moments))('%s', (_name, moment) => {
  const current: Host = { f: () => 0, two: () => [1, 2] }
  const imports = { e: { f: (value: number) => current.f(value), two: () => current.two() } }
  // The second use takes the live instance of the first one.
  for (let use = 0; use < 2; use++) {
    const instance = engine.instantiate(module, imports)
    const exports = instance.exports as Exports
    expect([exports['g'].value, exports['t'].length, exports['functions'].length]).toEqual([1, 2, 2])
    const errors: unknown[] = []
    const attempt = (): number => {
      errors.push(thrownBy(() => instance.release()))
      return 1
    }
    moment(exports, attempt, (host) => Object.assign(current, host))
    Object.assign(current, { f: () => 0, two: () => [1, 2] })
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toBeInstanceOf(InstanceBusyError)
    expect(exports['call'](1)).toBe(0)
    instance.release()
    expect(instance.released).toBe(true)
  }
})

it.each(['the imports function', 'a getter of the imports', 'the start function'])('%s', (where) => {
  const errors: unknown[] = []
  let given: PooledInstance | undefined
  const attempt = (): number => {
    errors.push(thrownBy(() => given!.release()))
    return 0
  }
  const host = { f: where === 'the start function' ? attempt : () => 0, two: () => [1, 2] }
  const instance = engine.instantiate(module, (early) => {
    given = early
    if (where === 'the imports function') attempt()
    if (where !== 'a getter of the imports') return { e: host }
    return {
      get e() {
        attempt()
        return host
      },
    }
  })
  expect(errors.length).toBeGreaterThan(0)
  for (const error of errors) expect(error).toBeInstanceOf(InstanceBusyError)
  expect((instance.exports as Exports)['call'](1)).toBe(0)
  instance.release()
})

it('between calls it is done, whoever asks: a message, a promise', async () => {
  const { port1, port2 } = new MessageChannel()
  const instance = start()
  await new Promise<void>((resolve) => {
    port2.addEventListener('message', () => {
      instance.release()
      resolve()
    })
    port2.start()
    port1.postMessage('release')
  })
  port1.close()
  expect(instance.released).toBe(true)

  const later = start()
  await Promise.resolve().then(() => later.release())
  expect(later.released).toBe(true)
  expect(engine.metrics().pool.inUse).toBe(0)
})

it.runIf('promising' in WebAssembly && supported(wat('(module)')))(
  'while a call is suspended, from wherever it is asked',
  async () => {
    const suspending = WebAssembly as unknown as {
      Suspending: new (host: () => unknown) => (value: number) => unknown
    }
    const { promise, resolve } = Promise.withResolvers<number>()
    const first = wat(`(module (import "e" "f" (func $f (result i32))) (memory 1)
      (func (export "call") (result i32) (call $f)))`)
    await using suspended = await engine.compile(first)
    const instance = engine.instantiate(suspended, {
      e: { f: new suspending.Suspending(() => promise) },
    } as never)
    const result = instance.promising('call')()
    expect(() => instance.release()).toThrow(InstanceBusyError)
    await new Promise(setImmediate)
    expect(() => instance.release()).toThrow(InstanceBusyError)
    const continuation = promise.then(() => expect(() => instance.release()).toThrow(InstanceBusyError))
    resolve(3)
    await continuation
    expect(await result).toBe(3)
    instance.release()
  },
)

// V8 compiles a function at its first call, and refuses to with less than 40 KiB of the stack left: in a new process, the
// very first release is the one that comes through functions that were never compiled.
it('at the end of the stack, the first time in a process: refused or done, no slot is lost', () => {
  const bytes = [...wat('(module (memory (export "m") 1) (data (i32.const 0) "a"))')]
  const child = runChild(`
    const engine = new warmslot.Engine({ slots: 4, maxMemoryBytes: 2 ** 20 })
    const module = await engine.compile(new Uint8Array(${JSON.stringify(bytes)}))
    const said = new Set()
    for (let use = 0; use < 100; use++) {
      const instance = engine.instantiate(module)
      new Uint8Array(instance.exports.m.buffer)[5] = 1
      const deep = () => {
        try { deep() } catch {
          try { instance.release() } catch (error) { said.add(error.name); throw error }
        }
      }
      deep()
      instance.release()
      said.add(engine.metrics().pool.inUse)
    }
    await engine.close()
    console.log(JSON.stringify([...said]))`)
  expect(child).toMatchObject({ status: 0, signal: null, stderr: '' })
  expect(JSON.parse(child.stdout).toSorted()).toEqual([0, 'RangeError'])
})
