/**
 * Random webs of linked instances, beside plain V8: whatever is shared with whom, in whatever order they are released, each
 * one that is left behaves as if none had been, and every slot comes back clean.
 */
import { deepStrictEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Engine, type PooledInstance, type PooledModule } from '../src/index.ts'
import { main, side } from './support/linked-modules.ts'
import type { Exports } from './support/native.ts'
import { nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'

const engine = new Engine({ slots: 8, maxMemoryBytes: 16 * 65_536 })
let mainModule: PooledModule
let sideModule: PooledModule
beforeAll(async () => {
  mainModule = await engine.compile(main)
  sideModule = await engine.compile(side)
})
afterAll(() => engine.close())

type Step =
  | { readonly kind: 'main' }
  | { readonly kind: 'side'; readonly from: readonly number[] }
  | { readonly kind: 'call'; readonly on: number; readonly name: string; readonly values: readonly number[] }
  | {
      readonly kind: 'host'
      readonly on: number
      readonly other: number
      readonly what: string
      readonly value: number
    }
  | { readonly kind: 'release'; readonly on: number }

const address = fc.oneof(
  fc.nat(64),
  fc.integer({ min: 65_536 * 2 - 4, max: 65_536 * 2 + 4 }),
  fc.nat(65_536 * 6),
)
const number = fc.nat(50)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'main' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('side'),
      from: fc.array(number, { minLength: 6, maxLength: 6 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.oneof(
      ...(
        [
          ['size', []],
          ['grow', [fc.nat(2)]],
          ['load', [address]],
          ['store', [address, fc.nat(255)]],
          ['fill', [address, fc.nat(255), fc.nat(9)]],
          ['count', []],
          ['double', [fc.nat(100)]],
          ['quadruple', [fc.nat(100)]],
          ['indirect', [fc.nat(7), fc.nat(100)]],
        ] as const
      ).map(([name, values]) =>
        fc.record({
          kind: fc.constant('call'),
          on: number,
          name: fc.constant(name),
          values: fc.tuple(...(values as readonly fc.Arbitrary<number>[])),
        }),
      ),
    ) as fc.Arbitrary<Step>,
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('host'),
      on: number,
      other: number,
      what: fc.constantFrom('buffer', 'grow', 'set', 'get', 'length', 'counter', 'clear'),
      value: fc.nat(5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release'), on: number }) },
)

/** One instance in both worlds. */
interface Twin {
  readonly native: Exports
  readonly pooled: PooledInstance
}

const pick = (twins: readonly Twin[], choice: number): Twin => twins[choice % twins.length]!

function make(live: Twin[], { from }: { from: readonly number[] }): void {
  const sources = from.map((choice) => pick(live, choice))
  const imports = (exportsOf: (twin: Twin) => Exports): WebAssembly.Imports => {
    const names = ['memory', 'table', 'counter', 'base', 'double', 'count']
    return { main: Object.fromEntries(names.map((name, place) => [name, exportsOf(sources[place]!)[name]])) }
  }
  let native: Exports | undefined
  let pooled: PooledInstance | undefined
  const expected = outcomeOf(
    () =>
      void (native = nativeInstance(
        side,
        imports((twin) => twin.native),
      ).exports as Exports),
  )
  const pooledImports = imports((twin) => twin.pooled.exports as Exports)
  const actual = outcomeOf(() => void (pooled = engine.instantiate(sideModule, pooledImports)))
  deepStrictEqual(actual, expected)
  if (native !== undefined && pooled !== undefined) live.push({ native, pooled })
}

/** Runs in either world; functions are told apart by what they do. */
function host({ what, value }: { what: string; value: number }, one: Exports, other: Exports): unknown {
  const called = (entry: unknown): unknown =>
    typeof entry === 'function' ? outcomeOf(() => entry(value)) : entry
  switch (what) {
    case 'buffer':
      return Buffer.from(new Uint8Array(one['memory'].buffer)).toString('latin1')
    case 'grow':
      return one['memory'].grow(value % 2)
    case 'set':
      return one['table'].set(value, other['double'])
    case 'clear':
      return one['table'].set(value, null)
    case 'get':
      return [
        called(one['table'].get(value)),
        one['table'].get(value) === other['double'],
        one['memory'] === other['memory'],
      ]
    case 'length':
      return [one['table'].length, one['table'] === other['table']]
    default:
      return (one['counter'].value += value)
  }
}

function run(live: Twin[], one: Step): void {
  if (one.kind === 'main' || live.length === 0) {
    if (engine.metrics().pool.inUse === 8) return
    live.push({ native: nativeInstance(main).exports as Exports, pooled: engine.instantiate(mainModule) })
  } else if (one.kind === 'side') make(live, one)
  else if (one.kind === 'release') {
    const [twin] = live.splice(one.on % live.length, 1)
    twin!.pooled.release()
  } else {
    const twin = pick(live, one.on)
    const perform = (exports: Exports, other: Exports): unknown => {
      if (one.kind === 'host') return host(one, exports, other)
      return exports[one.name]?.(...one.values)
    }
    const other = one.kind === 'host' ? pick(live, one.other) : twin
    deepStrictEqual(
      outcomeOf(() => perform(twin.pooled.exports as Exports, other.pooled.exports as Exports)),
      outcomeOf(() => perform(twin.native, other.native)),
    )
  }
}

const clean = new Uint8Array((nativeInstance(main).exports as Exports)['memory'].buffer)

it('behave as on plain V8 until the last is released', () => {
  const runs = Number(process.env['WARMSLOT_DIFFERENTIAL_RUNS'] ?? 300)
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const live: Twin[] = []
      try {
        for (const one of steps) run(live, one)
      } finally {
        for (const { pooled } of live) pooled.release()
      }
      expect(engine.metrics().pool.inUse).toBe(0)
      const alone = Array.from({ length: 8 }, () => engine.instantiate(mainModule))
      try {
        for (const instance of alone) expect(Buffer.compare(instance.read(0, clean.length), clean)).toBe(0)
      } finally {
        for (const instance of alone) instance.release()
      }
    }),
    { numRuns: runs },
  )
})
