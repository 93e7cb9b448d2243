/** No byte of an earlier use is ever seen: random uses of several modules on few slots, each looking at everything. */
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, type PooledInstance, nextAvailable, random, reuseAffinity } from '../src/index.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { wat } from './support/wat.ts'

const pageBytes = 65_536

/** `sum` reads every byte of the memory from within. */
const tenant = (pages: number, data: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (import "e" "tick" (func $tick)) (memory (export "m") ${pages} 6) ${data}
    (global $marks (export "marks") (mut i64) (i64.const 3)) (table (export "t") 3 funcref) (elem (i32.const 0) $grow)
    (func $grow (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "fill") (param i32 i32 i32) (global.set $marks (i64.extend_i32_u (local.get 1)))
      (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
    (func (export "fail") (call $tick) unreachable)
    (func (export "sum") (result i64) (local $at i32) (local $sum i64)
      (block $done (loop $next
        (br_if $done (i32.ge_u (local.get $at) (i32.mul (memory.size) (i32.const 65536))))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $next)))
      (i64.add (local.get $sum) (global.get $marks))))`)

const sources = [
  tenant(1, ''),
  tenant(1, '(data (i32.const 0) "first") (data (i32.const 65530) "end")'),
  tenant(3, '(data (i32.const 70000) "second")'),
  tenant(2, '(data (i32.const 4096) "a whole page") (data (i32.const 131071) "z")'),
]

const imports = { e: { tick: () => undefined } }

const baselines = sources.map((bytes) => {
  const exports = nativeInstance(bytes, imports).exports as Exports
  return { bytes: Buffer.from(exports['m'].buffer), sum: exports['sum']() as bigint }
})

type Deed =
  | { readonly kind: 'fill'; readonly at: number; readonly length: number }
  | { readonly kind: 'store'; readonly at: number }
  | { readonly kind: 'grow'; readonly pages: number; readonly by: 'guest' | 'host' }
  | { readonly kind: 'view' | 'write'; readonly at: number }
  | { readonly kind: 'fail' | 'global' | 'table' }

const at = fc.nat({ max: 6 * pageBytes })
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constant('fill' as const), at, length: at }),
  fc.record({ kind: fc.constant('store' as const), at }),
  fc.record({
    kind: fc.constant('grow' as const),
    pages: fc.nat({ max: 3 }),
    by: fc.constantFrom('guest' as const, 'host' as const),
  }),
  fc.record({ kind: fc.constantFrom('view' as const, 'write' as const), at }),
  fc.record({ kind: fc.constantFrom('fail' as const, 'global' as const, 'table' as const) }),
)
const uses = fc.array(
  fc.record({
    module: fc.nat({ max: sources.length - 1 }),
    warm: fc.boolean(),
    hold: fc.boolean(),
    deeds: fc.array(deeds, { maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 12 },
)

/** Anything may fail here: what counts is what the next one sees. */
function commit(instance: PooledInstance, deed: Deed): void {
  const exports = instance.exports as Exports
  try {
    if (deed.kind === 'fill') exports['fill'](deed.at, 0xee, deed.length)
    else if (deed.kind === 'store') exports['store'](deed.at, -1n)
    else if (deed.kind === 'grow' && deed.by === 'guest') exports['grow'](deed.pages)
    else if (deed.kind === 'grow') instance.memory!.grow(deed.pages)
    else if (deed.kind === 'view') new Uint8Array(instance.memory!.buffer).fill(0xdd, deed.at)
    else if (deed.kind === 'write') instance.write(deed.at, new Uint8Array(5_000).fill(0xcc))
    else if (deed.kind === 'global') exports['marks'].value = 77n
    else if (deed.kind === 'table') exports['t'].set(1, exports['fail'])
    else if (deed.kind === 'fail') exports['fail']()
  } catch {
    return
  }
}

function expectBaseline(instance: PooledInstance, module: number, viewFirst: boolean): void {
  const { bytes, sum } = baselines[module]!
  const exports = instance.exports as Exports
  if (viewFirst) expect(Buffer.from(instance.memory!.buffer).equals(bytes)).toBe(true)
  expect(exports['sum']()).toBe(sum)
  expect(Buffer.from(instance.memory!.buffer).equals(bytes)).toBe(true)
  expect([exports['t'].length, exports['t'].get(1), exports['t'].get(2)]).toEqual([3, null, null])
}

describe.each([
  ['reuse affinity', () => reuseAffinity(), {}],
  ['next available', () => nextAvailable(), {}],
  ['random', () => random({ seed: 5 }), {}],
  ['resets in batches', () => reuseAffinity(), { resetBatchSize: 3 }],
  ['no resident pages', () => reuseAffinity(), { keepResidentBytes: 0 }],
])('with %s', (_name, strategy, options) => {
  const engine = new Engine({ slots: 3, maxMemoryBytes: 6 * pageBytes, strategy: strategy(), ...options })
  afterAll(() => engine.close())

  it('every use begins at the baseline, and grows into zeros', async () => {
    const modules = await Promise.all(sources.map((bytes) => engine.compile(bytes)))
    await fc.assert(
      fc.asyncProperty(uses, async (sequence) => {
        const held: PooledInstance[] = []
        for (const { module, warm, hold, deeds: list } of sequence) {
          const given = warm ? imports : { e: { tick: () => undefined } }
          const instance = engine.instantiate(modules[module]!, given)
          expectBaseline(instance, module, hold)
          for (const deed of list) commit(instance, deed)
          if (instance.memory!.buffer.byteLength === baselines[module]!.bytes.length && !hold) {
            instance.memory!.grow(1)
            const grown = instance.read(baselines[module]!.bytes.length, pageBytes)
            expect(Buffer.from(grown).every((byte) => byte === 0)).toBe(true)
          }
          if (hold && held.length < 2) held.push(instance)
          else instance.release()
        }
        for (const instance of held) instance.release()
        expect(engine.metrics().pool.inUse).toBe(0)
      }),
      { numRuns: 60 },
    )
    const { instances, pool } = engine.metrics()
    expect(instances.warm).toBeGreaterThan(0)
    expect(instances.fresh).toBeGreaterThan(0)
    expect(pool.steals).toBeGreaterThan(0)
  })
})
