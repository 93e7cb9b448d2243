/** Calls, releases and disposals at bad moments; exceptions, stack overflow, exhaustion; what the collector finds. */
/* oxlint-disable unicorn/consistent-function-scoping -- scripts */
import { deepStrictEqual, rejects, throws } from 'node:assert/strict'

import type { Anything, Case, World } from '../case.ts'
import { capacityPages, pageBytes, slots } from '../world.ts'
import { attempts } from './host-views.ts'

const text = `(module (import "e" "f" (func $f (param i32) (result i32))) (memory (export "m") 1 ${capacityPages})
  (tag $tag (export "tag") (param i32)) (table (export "t") 2 4 funcref) (global (export "g") (mut i32) (i32.const 1))
  (data (i32.const 0) "\\07")
  (func (export "host") (param i32) (result i32) (i32.store (i32.const 16) (local.get 0))
    (i32.add (call $f (local.get 0)) (i32.load (i32.const 16))))
  (func $deep (export "deep") (param i32) (result i32) (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "touch") (result i32) (local $at i32)
    (loop $next (i32.store8 (local.get $at) (i32.const 1))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (i32.mul (memory.size) (i32.const 65536)))))
    (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "throw") (param i32) (throw $tag (local.get 0)))
  (func (export "catch") (param i32) (result i32) (try (result i32) (do (call $f (local.get 0))) (catch_all (i32.const -2))))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "trap") unreachable))`

const host = (f: (value: number) => Anything): WebAssembly.Imports => ({ e: { f } })

/** The same script on both sides: the use is ended, and the slot used again, whatever happened. */
function script(
  name: string,
  run: (exports: Record<string, Anything>, set: (f: (value: number) => Anything) => void) => unknown[],
): Case {
  return {
    name,
    async run({ open }: World) {
      let call: (value: number) => Anything = (value) => value
      const imports = host((value) => call(value))
      const outcomes: unknown[] = []
      // Twice with the same imports: the second use takes a live instance.
      for (let use = 0; use < 2; use++) {
        const { exports, end } = await open(text, imports)
        outcomes.push(...run(exports, (f) => (call = f)))
        call = (value) => value
        outcomes.push(
          ...attempts(
            () => exports['load'](0),
            () => exports['host'](4),
            () => exports['load'](65_533),
          ),
        )
        end()
      }
      return outcomes
    },
  }
}

const scripts = [
  script('a callback that calls in again', (exports, set) => {
    set((value) => (value > 0 ? exports['host'](value - 1) : value))
    return attempts(
      () => exports['host'](50),
      () => exports['host'](500),
    )
  }),
  script('a callback that grows the memory', (exports, set) => {
    set(() => exports['grow'](1))
    return attempts(
      () => exports['host'](1),
      () => exports['host'](1),
      () => exports['m'].buffer.byteLength,
    )
  }),
  script('exceptions of callbacks through wasm', (exports, set) => {
    const outcomes: unknown[] = []
    for (const thrown of [new SyntaxError('mine'), new WebAssembly.RuntimeError('x')]) {
      set(() => {
        throw thrown
      })
      outcomes.push(
        ...attempts(
          () => exports['host'](1),
          () => exports['catch'](1),
        ),
      )
    }
    return outcomes
  }),
  script('results of callbacks that cannot be converted', (exports, set) => {
    set(() => Symbol('s'))
    const first = attempts(() => exports['host'](1))
    set(() => 1n)
    const second = attempts(() => exports['host'](1))
    set(() => ({
      valueOf() {
        throw new TypeError('valueOf')
      },
    }))
    return [...first, ...second, ...attempts(() => exports['host'](1))]
  }),
  script('an exception of wasm, and a trap', (exports) =>
    attempts(
      () => exports['trap'](),
      () => exports['host'](1n),
      () => {
        try {
          exports['throw'](3)
        } catch (error) {
          return (error as Anything).is(exports['tag'])
        }
      },
    ),
  ),
  script('stack overflow in wasm', (exports) =>
    attempts(
      () => exports['deep'](0),
      () => exports['deep'](0),
    ),
  ),
  script('stack overflow through the host', (exports, set) => {
    set((value) => exports['host'](value + 1))
    return attempts(
      () => exports['host'](0),
      () => exports['host'](0),
    )
  }),
  script('stack overflow caught by wasm', (exports, set) => {
    set((value) => exports['catch'](value + 1))
    return attempts(() => exports['catch'](0))
  }),
  script('growth to the limit, all pages touched', (exports) =>
    attempts(
      ...Array.from({ length: capacityPages + 1 }, () => () => [exports['touch'](), exports['grow'](1)]),
    ),
  ),
  script('tables and globals at their limits', ({ t, g, load }) =>
    attempts(
      () => t.get(2),
      () => t.set(9, null),
      () => t.grow(1),
      () => t.grow(2 ** 31),
      () => t.set(0, load),
      () => t.get(0)(0),
      () => t.set(0, 5),
      () => (g.value = 1n),
      () => (g.value = 'x'),
      () => g.value,
    ),
  ),
]

const busy = /InstanceBusyError/

function inPool(name: string, run: (world: World) => unknown): Case {
  return { name, only: 'pool', run }
}

const moments: readonly Case[] = [
  inPool('every export called after the release', async ({ open }) => {
    const { exports, end } = await open(
      text,
      host((value) => value),
    )
    const functions = Object.values(exports).filter((value) => typeof value === 'function')
    deepStrictEqual(functions.length, 8)
    end()
    for (const call of functions) throws(() => call(0), /released/i)
    throws(() => exports['m'].buffer, /released/i)
    throws(() => exports['t'].get(0), /released/i)
    throws(() => exports['g'].value, /released/i)
  }),
  inPool('release within a callback, at every depth', async ({ open }) => {
    const { exports, pooled, end } = await open(
      text,
      host((value) => {
        throws(() => pooled!.release(), busy)
        return value > 0 ? exports['host'](value - 1) : 0
      }),
    )
    deepStrictEqual(exports['host'](20), 0)
    end()
  }),
  inPool('release at the very end of the stack', async ({ open }) => {
    for (let use = 0; use < 300; use++) {
      const { exports, pooled } = await open(
        text,
        host((value) => value),
      )
      const deep = (): void => {
        try {
          deep()
        } catch {
          pooled!.release()
        }
      }
      exports['touch']()
      try {
        deep()
      } catch {
        // There was no room even for the release.
      }
      pooled!.release()
    }
  }),
  inPool('an instance made at the very end of the stack', async ({ engine }) => {
    const bytes = Uint8Array.from(Buffer.from('AGFzbQEAAAAFAwEAAQcFAQFtAgALBwEAQQALAWE=', 'base64'))
    const module = await engine.compile(bytes)
    for (let use = 0; use < 300; use++) {
      let instance: ReturnType<typeof engine.instantiate> | undefined
      const deep = (): void => {
        try {
          deep()
        } catch {
          instance ??= engine.instantiate(module)
          instance.release()
        }
      }
      deep()
      instance!.release()
    }
    await module.dispose()
  }),
  inPool(
    'a module disposed of, and its instance released, within a call of it',
    async ({ engine, open: _open }) => {
      const bytes = Uint8Array.from(
        Buffer.from('AGFzbQEAAAABBAFgAAACBwEBZQFmAAADAgEABQMBAAEHBQEBZwABCgYBBAAQAAs=', 'base64'),
      )
      const module = await engine.compile(bytes)
      let receipt: Promise<{ complete: boolean }> | undefined
      const instance = engine.instantiate(module, {
        e: {
          f: () => {
            receipt ??= module.dispose()
            throws(() => instance.release(), busy)
          },
        },
      })
      ;(instance.exports['g'] as () => void)()
      ;(instance.exports['g'] as () => void)()
      instance.release()
      deepStrictEqual((await receipt!).complete, true)
    },
  ),
  inPool('more instances than slots', async ({ open }) => {
    const uses = []
    for (let slot = 0; slot < slots; slot++) uses.push(await open(text, host(Number)))
    await rejects(open(text, host(Number)), /PoolExhausted|slots/)
    for (const { exports, end } of uses) {
      deepStrictEqual(exports['touch'](), 1)
      end()
    }
  }),
  inPool('an engine closed within a call', async ({ warmslot }) => {
    const own = new warmslot.Engine({ slots: 1, maxMemoryBytes: pageBytes })
    const bytes = Uint8Array.from(
      Buffer.from('AGFzbQEAAAABBAFgAAACBwEBZQFmAAADAgEABQMBAAEHBQEBZwABCgYBBAAQAAs=', 'base64'),
    )
    const module = await own.compile(bytes)
    let closed: Promise<void> | undefined
    const instance = own.instantiate(module, { e: { f: () => void (closed ??= own.close()) } })
    ;(instance.exports['g'] as () => void)()
    ;(instance.exports['g'] as () => void)()
    instance.release()
    await closed
  }),
  inPool('instances, modules and engines that are only dropped, and collected', async ({ warmslot }) => {
    for (let round = 0; round < 20; round++) {
      const own = new warmslot.Engine({ slots: 2, maxMemoryBytes: pageBytes })
      const bytes = Uint8Array.from(Buffer.from('AGFzbQEAAAAFAwEAAQcFAQFtAgALBwEAQQALAWE=', 'base64'))
      const instance = own.instantiate(await own.compile(bytes))
      new Uint8Array(instance.memory!.buffer).fill(1)
      globalThis.gc!()
      await new Promise(setImmediate)
    }
    globalThis.gc!()
  }),
  inPool('a view of a dropped instance, kept and used', async ({ warmslot }) => {
    const kept: Anything[] = []
    const make = async (): Promise<void> => {
      const own = new warmslot.Engine({ slots: 1, maxMemoryBytes: pageBytes })
      const bytes = Uint8Array.from(Buffer.from('AGFzbQEAAAAFAwEAAQcFAQFtAgALBwEAQQALAWE=', 'base64'))
      kept.push(new Uint8Array(own.instantiate(await own.compile(bytes)).memory!.buffer))
    }
    for (let round = 0; round < 10; round++) await make()
    for (let round = 0; round < 5; round++) {
      globalThis.gc!()
      await new Promise(setImmediate)
      for (const view of kept) view.fill(round)
      for (const view of kept) deepStrictEqual([view.length, view[pageBytes - 1]], [pageBytes, round])
    }
  }),
  inPool('a hold that outlives the release, and fails', async ({ open, engine }) => {
    const { pooled, end } = await open(text, host(Number))
    const { promise, reject } = Promise.withResolvers<void>()
    const held = pooled!.hold(promise)
    end()
    deepStrictEqual(engine.metrics().pool.inUse, 1)
    reject(new Error('failed'))
    await rejects(held, /failed/)
  }),
]

const suspending: Anything = WebAssembly
const promises = `(module (import "e" "f" (func $f (param i32) (result i32))) (memory (export "m") 1 2)
  (func (export "wait") (param i32) (result i32) (i32.store (i32.const 0) (local.get 0))
    (i32.add (call $f (local.get 0)) (i32.load (i32.const 0)))))`

function suspended(name: string, run: (world: World) => unknown): Case {
  return { ...inPool(name, run), present: () => suspending.promising !== undefined }
}

const integration: readonly Case[] = [
  suspended('JSPI: release while a call is suspended', async ({ open }) => {
    const { promise, resolve } = Promise.withResolvers<number>()
    const { pooled, end } = await open(promises, { e: { f: new suspending.Suspending(() => promise) } })
    const result = pooled!.promising('wait')(5)
    throws(() => pooled!.release(), busy)
    await Promise.resolve()
    throws(() => pooled!.release(), busy)
    resolve(2)
    deepStrictEqual(await result, 7)
    end()
  }),
  suspended('JSPI: the import rejects', async ({ open }) => {
    const { pooled, end } = await open(promises, {
      e: { f: new suspending.Suspending(() => Promise.reject(new SyntaxError('no'))) },
    })
    await rejects(pooled!.promising('wait')(5), SyntaxError)
    end()
  }),
  suspended('JSPI: a call that suspends where nothing may', async ({ open }) => {
    const { exports, end } = await open(promises, {
      e: { f: new suspending.Suspending(() => Promise.resolve(1)) },
    })
    throws(() => exports['wait'](5), (suspending.SuspendError as ErrorConstructor | undefined) ?? Error)
    end()
  }),
  suspended('JSPI: many suspended calls, settled in another order', async ({ open }) => {
    const waiting: ((value: number) => void)[] = []
    const f = new suspending.Suspending(() => new Promise<number>((resolve) => waiting.push(resolve)))
    const { pooled, end } = await open(promises, { e: { f } })
    const call = pooled!.promising('wait')
    const results = Array.from({ length: 100 }, (_, number) => call(number))
    for (const [number, resolve] of waiting.entries()) if (number % 2) resolve(1)
    await results[1]
    throws(() => pooled!.release(), busy)
    for (const resolve of waiting) resolve(1)
    deepStrictEqual(
      await Promise.all(results),
      Array.from({ length: 100 }, () => 100),
    )
    end()
  }),
]

export const lifeCycle: readonly Case[] = [...scripts, ...moments, ...integration]
