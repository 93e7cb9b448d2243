/**
 * Externref tables have a logical size (`src/binary/table-helpers.ts`). Random programs of the guest's and the host's
 * table operations run on plain V8 and, several times over one slot, in the pool, and must agree in everything: results,
 * errors and their messages, contents, and the size that a new use begins with.
 */
import * as fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { nativeInstance } from './support/native.ts'
import { outcomeOf, type Outcome } from './support/outcome.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 1, maxMemoryBytes: 65_536 })
afterAll(() => engine.close())

const moduleBytes = (initial: number, maximum: number | undefined): Uint8Array<ArrayBuffer> =>
  wat(`(module (memory 0) (table $other 3 funcref) (table $t (export "table") ${initial} ${maximum ?? ''} externref)
    (func (export "get") (param i32) (result externref) (table.get $t (local.get 0)))
    (func (export "set") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))
    (func (export "grow") (param externref i32) (result i32) (table.grow $t (local.get 0) (local.get 1)))
    (func (export "fill") (param i32 externref i32) (table.fill $t (local.get 0) (local.get 1) (local.get 2)))
    (func (export "size") (result i32) (table.size $t))
    (func (export "otherSize") (result i32) (table.size $other)))`)

type Step = readonly [name: string, run: (exports: Exports) => unknown]

const index = fc.oneof(fc.integer({ min: 0, max: 14 }), fc.constantFrom(-1, 2 ** 31, 2 ** 32 - 1))
const delta = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }) },
  fc.constantFrom(-1, 2 ** 31, 100),
)
const value = fc.constantFrom<unknown>(null, undefined, 'text', 7, Symbol.iterator)
const strange = fc.constantFrom<unknown>('1', 1.5, -0.5, Number.NaN, -1, 2 ** 32, undefined, {}, 1n, [2])

const step: fc.Arbitrary<Step> = fc.oneof(
  index.map((i): Step => [`get ${i}`, (e) => e.get(i)]),
  fc.tuple(index, value).map(([i, v]): Step => [`set ${i} ${String(v)}`, (e) => e.set(i, v)]),
  fc.tuple(value, delta).map(([v, n]): Step => [`grow ${n} ${String(v)}`, (e) => e.grow(v, n)]),
  fc
    .tuple(index, value, delta)
    .map(([i, v, n]): Step => [`fill ${i} ${String(v)} ${n}`, (e) => e.fill(i, v, n)]),
  fc.constant<Step>(['sizes', (e) => [e.size(), e.otherSize(), e.table.length]]),
  index.map((i): Step => [`host get ${i}`, (e) => e.table.get(i)]),
  fc.tuple(index, value).map(([i, v]): Step => [`host set ${i} ${String(v)}`, (e) => e.table.set(i, v)]),
  index.map((i): Step => [`host set ${i}`, (e) => e.table.set(i)]),
  fc.tuple(delta, value).map(([n, v]): Step => [`host grow ${n} ${String(v)}`, (e) => e.table.grow(n, v)]),
  delta.map((n): Step => [`host grow ${n}`, (e) => e.table.grow(n)]),
  strange.map((i): Step => [`host get strange ${String(i)}`, (e) => e.table.get(i)]),
  strange.map((i): Step => [`host set strange ${String(i)}`, (e) => e.table.set(i, 1)]),
  strange.map((n): Step => [`host grow strange ${String(n)}`, (e) => e.table.grow(n)]),
)

function run(exports: Exports, steps: readonly Step[]): Outcome[] {
  const outcomes = steps.map(([, perform]) => outcomeOf(() => perform(exports)))
  const contents = Array.from({ length: Math.min(exports.table.length, 64) }, (_, place) =>
    exports.table.get(place),
  )
  return [...outcomes, { value: contents }]
}

it('a table of JavaScript values behaves as on plain V8, in every use of a slot', async () => {
  const shapes = [
    [0, undefined],
    [4, 10],
    [2, undefined],
  ] as const
  const modules = await Promise.all(
    shapes.map(async ([initial, maximum]) => {
      const bytes = moduleBytes(initial, maximum)
      return { bytes, module: await engine.compile(bytes) }
    }),
  )
  const before = engine.metrics().instances.warm
  fc.assert(
    fc.property(
      fc.constantFrom(...modules),
      fc.array(fc.array(step, { maxLength: 12 }), { minLength: 2, maxLength: 4 }),
      ({ bytes, module }, uses) => {
        for (const steps of uses) {
          const expected = run(nativeInstance(bytes).exports as Exports, steps)
          const instance = engine.instantiate(module)
          const actual = run(instance.exports as Exports, steps)
          instance.release()
          expect(actual.map((one, place) => [steps[place]?.[0], one])).toEqual(
            expected.map((one, place) => [steps[place]?.[0], one]),
          )
        }
      },
    ),
    { numRuns: 150 },
  )
  // Otherwise the logical size was never less than the real one, and nothing was tested.
  expect(engine.metrics().instances.warm - before).toBeGreaterThan(150)
})

it('what one use left in the table is gone in the next, and free to be collected', async () => {
  const module = await engine.compile(moduleBytes(1, undefined))
  for (let use = 0; use < 3; use++) {
    const instance = engine.instantiate(module)
    const { grow, get, set } = instance.exports as Exports
    expect(get(0)).toBe(null)
    expect(grow('filler', 5)).toBe(1)
    expect(get(5)).toBe('filler')
    set(3, { tenant: use })
    instance.release()
  }
  const instance = engine.instantiate(module)
  const { grow, get } = instance.exports as Exports
  expect(grow(null, 5)).toBe(1)
  expect(get(3)).toBe(null)
  instance.release()
})
