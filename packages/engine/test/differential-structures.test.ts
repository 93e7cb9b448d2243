/**
 * Random modules of tables, globals, references, exceptions, tail calls and objects, and random calls, on plain V8 and in the
 * pool: results, traps, identities of functions and objects, sizes and bytes must agree, over several uses in a row.
 */
import * as fc from 'fast-check'
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Engine, type PooledInstance, type PooledModule } from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { moduleFrom, origins } from './support/origins.ts'
import { RandomSource } from './support/random-source.ts'
import { type Structures, randomStructures } from './support/random-structures.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 8 * 65_536 })
/** More of them find more: set the variable to run for hours. */
const runs = Number(process.env['WARMSLOT_DIFFERENTIAL_RUNS'] ?? 400)
const counted = { programs: 0, valid: 0, steps: 0, errors: 0 }

/** What is imported, beside functions: in either world from an instance of this module. */
const provider =
  wat(`(module (table (export "table") 4 6 funcref) (global (export "constant") i32 (i32.const 3))
  (global (export "variable") (mut i64) (i64.const 9)))`)
let providerModule: PooledModule
beforeAll(async () => {
  providerModule = await engine.compile(provider)
})
afterAll(() => engine.close())

/** One of the two runtimes, and what its host has seen of it. */
class World {
  readonly #seen: unknown[] = [null, undefined, { mark: 1 }, 'text', 5]
  readonly #labels = new Map<unknown, string>()
  readonly #choices: RandomSource
  #exports: Exports | undefined
  #depth = 0

  constructor(seed: number) {
    this.#choices = new RandomSource(seed)
  }

  number(one: number, other: number): number {
    const choice = this.#choices.below(12)
    if (choice === 0) throw new RangeError('the host throws')
    if (choice > 2 || this.#depth > 3 || this.#exports === undefined) return one ^ (other + 1)
    this.#depth++
    try {
      return this.#exports['f0'](other, one)
    } finally {
      this.#depth--
    }
  }

  reference(value: unknown): unknown {
    this.#seen.push(value)
    return this.#choices.below(3) === 0 ? this.#any() : value
  }

  #any(): unknown {
    return this.#choices.pick(this.#seen)
  }

  /** Functions and objects are compared by when they were seen first. */
  label(value: unknown): unknown {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value
    if (Array.isArray(value)) return value.map((one) => this.label(one))
    const known = this.#labels.get(value)
    if (known !== undefined) return known
    const label = `${typeof value} ${this.#labels.size}`
    this.#labels.set(value, label)
    const shape = typeof value === 'function' ? `${value.name} ${value.length}` : ''
    return `new ${label} ${shape}`
  }

  begin(exports: Exports): unknown {
    this.#exports = exports
    return Object.entries(exports).map(([name, value]) => [name, this.label(value)])
  }

  step(random: RandomSource, { functions, globals, quiet }: Structures): unknown {
    const exports = this.#exports!
    const [kind, which, one, other] = [random.below(10), random.below(100), random.below(9), random.below(9)]
    const outcome = outcomeOf(() => {
      const table =
        exports[quiet && kind > 0 ? 'references' : ['functions', 'references', 'other'][which % 3]!]
      const global = exports[`g${which % globals}`]
      switch (kind) {
        case 0:
          return this.#keep(table.get(one))
        case 1:
          return table.set(one, this.#any())
        case 2:
          return [table.grow(one % 2, which % 4 === 0 ? undefined : this.#any()), table.length]
        case 3:
          return this.#keep(global.value)
        case 4:
          return (global.value = which % 2 ? one : this.#any())
        case 5:
          return [
            exports['memory'].buffer.byteLength,
            exports['memory'].grow(one % 2),
            exports['variable'].value,
          ]
        default:
          exports['fuel'].value = 200
          return exports[`f${which % functions}`](one, other)
      }
    })
    if ('value' in outcome) return this.label(outcome.value)
    // V8 words it with the function's source, and a handle has one.
    return { ...outcome, message: outcome.message.replace(/Cannot convert .* to a BigInt/s, 'no BigInt') }
  }

  #keep(value: unknown): unknown {
    this.#seen.push(value)
    return value
  }

  bytes(): Buffer {
    return Buffer.from(this.#exports!['memory'].buffer)
  }
}

/** The same imports for every use of a module: then a live instance can serve again. */
class Imports {
  readonly #variable = new WebAssembly.Global({ value: 'i64', mutable: true }, 0n)
  readonly #host: Record<string, unknown>
  #world: World | undefined

  constructor() {
    this.#host = {
      constant: 3,
      variable: this.#variable,
      number: (one: number, other: number) => this.#world!.number(one, other),
      reference: (value: unknown) => this.#world!.reference(value),
    }
  }

  /** For a use in `world`; with `provided`, tables and globals of another instance take the place of the host's own. */
  for(world: World, provided: Exports | undefined): WebAssembly.Imports {
    this.#world = world
    this.#variable.value = 9n
    return {
      host: provided === undefined ? this.#host : { ...this.#host, ...provided },
    } as WebAssembly.Imports
  }
}

function compareUse(
  structures: Structures,
  seed: number,
  native: Exports,
  pooled: Exports,
  worlds: [World, World],
): void {
  const [expected, actual] = worlds
  deepStrictEqual(actual.begin(pooled), expected.begin(native))
  const [one, other] = [new RandomSource(seed), new RandomSource(seed)]
  for (let step = 0; step < 12; step++) {
    const result = expected.step(one, structures)
    deepStrictEqual(actual.step(other, structures), result)
    counted.steps++
    if (typeof result === 'object' && result !== null && 'error' in result) counted.errors++
  }
  expect(Buffer.compare(actual.bytes(), expected.bytes())).toBe(0)
}

async function compare(seed: number, size: number): Promise<void> {
  const structures = randomStructures(seed, size)
  counted.programs++
  if (!WebAssembly.validate(structures.bytes)) return
  counted.valid++
  const compiled = new WebAssembly.Module(structures.bytes)
  await using module = await moduleFrom(origins[seed % origins.length]!, engine, structures.bytes)
  const [nativeImports, pooledImports] = [new Imports(), new Imports()]
  const linked = structures.importsTable || seed % 3 === 0
  for (let use = 0; use < 3; use++) {
    const worlds: [World, World] = [new World(seed + use), new World(seed + use)]
    const provided = linked ? engine.instantiate(providerModule) : undefined
    let instance: PooledInstance | undefined
    try {
      const native = outcomeOf(() => {
        const exports = linked ? (nativeInstance(provider).exports as Exports) : undefined
        return new WebAssembly.Instance(compiled, nativeImports.for(worlds[0], exports))
      })
      const pooled = outcomeOf(() => {
        instance = engine.instantiate(
          module,
          pooledImports.for(worlds[1], provided?.exports as Exports | undefined),
        )
      })
      if ('error' in native || 'error' in pooled) deepStrictEqual(pooled, native)
      else {
        const { exports } = native.value as WebAssembly.Instance
        compareUse(structures, seed * 3 + use, exports as Exports, instance!.exports as Exports, worlds)
      }
    } finally {
      instance?.release()
      provided?.release()
    }
  }
}

it('agrees with V8 in every result, trap, identity, size and byte', async () => {
  const cases = fc.tuple(fc.integer(), fc.integer({ min: 1, max: 6 }))
  await fc.assert(
    fc.asyncProperty(cases, ([seed, size]) => compare(seed, size)),
    { numRuns: runs },
  )
  expect(engine.metrics().pool.inUse).toBe(0)
  // Most programs change tables or objects, so that each use is a fresh instance; some can be reused.
  expect(engine.metrics().instances.warm).toBeGreaterThan(runs / 10)
  // Nearly all of them are valid modules where this V8 knows all that they use, and errors are neither rare nor the rule.
  expect(counted.valid).toBeGreaterThan(counted.programs * 0.9)
  expect(counted.errors).toBeGreaterThan(counted.steps / 20)
  expect(counted.errors).toBeLessThan(counted.steps * 0.8)
  if (runs > 1000) console.log({ ...counted, ...engine.metrics().instances })
})
