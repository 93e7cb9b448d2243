/**
 * Limits of what a module may take of V8's heap: tables and arrays. Below them everything is as on plain V8; beyond, a table is
 * as one whose own maximum is the limit, an array as one beyond V8's own limit, and what starts larger is refused.
 */
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'

import { analyseModule } from '../src/binary/analyse-module.ts'
import { v8HeapLimits } from '../src/binary/heap-limits.ts'
import {
  Engine,
  type EngineOptions,
  InvalidOptionError,
  type PooledModule,
  SerializedModuleError,
  UnsupportedModuleError,
} from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { nativeInstance } from './support/native.ts'
import { outcomeOf, thrownBy, type Outcome } from './support/outcome.ts'
import { moduleFrom, origins } from './support/origins.ts'
import { rawModule } from './support/raw-module.ts'
import { structuredModules } from './support/structured-modules.ts'
import { supported, wat } from './support/wat.ts'

const slots = { slots: 10, maxMemoryBytes: 4 * 65_536 }
const [maxTables, maxTableElements, maxArrayBytes] = [3, 20, 4096]
const limits = { maxTables, maxTableElements, maxArrayBytes }
const engine = new Engine({ ...slots, ...limits })
const timed = new Engine({ ...slots, ...limits, deadlines: true })
/** Without limits of tables, so that element segments can be long. */
const [forArrays, timedForArrays] = [false, true].map(
  (deadlines) => new Engine({ ...slots, maxArrayBytes, deadlines }),
) as [Engine, Engine]
const plain = new Engine(slots)
afterAll(() => Promise.all([engine, timed, forArrays, timedForArrays, plain].map((one) => one.close())))

const [i32, externref] = [0x7f, 0x6f]

describe('options', () => {
  it.each([
    { maxTables: 0 },
    { maxTables: 100_001 },
    { maxTableElements: 0 },
    { maxTableElements: 10_000_001 },
    { maxTableElements: 1.5 },
    { maxArrayBytes: 0 },
    { maxArrayBytes: 2 ** 30 + 1 },
    { maxArrayBytes: '1' },
  ])('%j', (options) => {
    const error = thrownBy(() => new Engine({ ...slots, ...(options as EngineOptions) }))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toContain(Object.keys(options)[0])
  })
})

const tableImporter = (type: string): Uint8Array<ArrayBuffer> =>
  wat(`(module (import "m" "table" (table ${type})) (memory 0)
    (func (export "grow") (param i32) (result i32) (table.grow 0 (ref.null func) (local.get 0))))`)

const growBy = (by: number) => (instance: { exports: object }) => (instance.exports as Exports)['grow'](by)

const functionsText = (count: number): string => '(func) '.repeat(count)

const newDefault = (length: number[]): number[] => [0x41, ...length, 0xfb, 7, 1]

const offsets = (error: Error): string[] =>
  [...error.stack!.matchAll(/wasm-function\[\d+\]:(0x[0-9a-f]+)/g)].map(([, at]) => at!)

const carry = async (bytes: Uint8Array<ArrayBuffer>, from: Engine, to: Engine): Promise<unknown> => {
  await using compiled = await from.compile(bytes)
  const modules = [await compiled.serialize(), await compiled.share()].map((one) => to.deserialize(one))
  const results = await Promise.allSettled(modules)
  for (const result of results) if (result.status === 'fulfilled') await result.value.dispose()
  return results.map((result) => (result.status === 'fulfilled' ? 'taken' : (result.reason as Error)))
}

const rewritten = (bytes: Uint8Array<ArrayBuffer>, heapLimits = v8HeapLimits): Uint8Array => {
  const steps = analyseModule(bytes, () => undefined, { sharedTables: false, deadlines: false, heapLimits })
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value.rewritten
  }
}

interface Table {
  readonly type: string
  readonly is64: boolean
  readonly initial: number
  readonly maximum: number | undefined
}

/** The table, and two more, with everything that a guest can do to them; `limit`: written as every table's maximum. */
function tableModule({ type, is64, initial, maximum }: Table, limit = Infinity): Uint8Array<ArrayBuffer> {
  const [index, toIndex] = is64 ? ['i64', '(i64.extend_i32_s (local.get 0))'] : ['i32', '(local.get 0)']
  const nothing = `(ref.null ${type === 'funcref' ? 'func' : 'extern'})`
  const most = (own = Infinity): string =>
    Math.min(own, limit) === Infinity ? '' : String(Math.min(own, limit))
  return wat(`(module (memory 0) (table $other 3 ${most()} externref)
    (table $t (export "table") ${is64 ? 'i64' : ''} ${initial} ${most(maximum)} ${type}) (table $last 2 ${most(30)} funcref)
    (func (export "grow") (param i32) (result ${index}) (table.grow $t ${nothing} ${toIndex}))
    (func (export "growOther") (param i32) (result i32) (table.grow $other (ref.null extern) (local.get 0)))
    (func (export "growLast") (param i32) (result i32) (table.grow $last (ref.null func) (local.get 0)))
    (func (export "fill") (param i32) (table.fill $t ${toIndex} ${nothing} (${index}.const 2)))
    (func (export "get") (param i32) (result ${type}) (table.get $t ${toIndex}))
    (func (export "size") (result ${index}) (table.size $t))
    (func (export "sizes") (result i32) (i32.add (table.size $other) (table.size $last))))`)
}

type Step = readonly [name: string, value: number]

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(
    fc.constantFrom('grow', 'growOther', 'growLast', 'host'),
    fc.oneof(fc.nat(8), fc.constantFrom(100, 2 ** 31 - 1)),
  ),
  fc.tuple(fc.constantFrom('grow', 'growOther', 'growLast'), fc.constant(-1)),
  fc.tuple(fc.constantFrom('fill', 'get'), fc.nat(24)),
  fc.tuple(fc.constantFrom('size', 'sizes'), fc.constant(0)),
)

function runSteps(exports: Exports, steps: readonly Step[], is64: boolean): Outcome[] {
  return steps.map(([name, value]) =>
    outcomeOf(() =>
      name === 'host' ? exports['table'].grow(is64 ? BigInt(value) : value) : exports[name](value),
    ),
  )
}

const table = fc.record({
  type: fc.constantFrom('funcref', 'externref'),
  is64: fc.boolean(),
  initial: fc.nat(maxTableElements),
  more: fc.option(fc.nat(40), { nil: undefined }),
})

describe('tables', () => {
  it('are as if the limit were their own maximum', async () => {
    const property = fc.asyncProperty(
      table,
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.constantFrom(...origins),
      async ({ more, ...rest }, steps, withDeadlines, origin) => {
        const declared = { ...rest, maximum: more === undefined ? undefined : rest.initial + more }
        const bytes = tableModule(declared)
        if (!supported(bytes)) return
        const native = nativeInstance(tableModule(declared, maxTableElements)).exports as Exports
        const expected = runSteps(native, steps, rest.is64)
        const used = withDeadlines ? timed : engine
        await using module = await moduleFrom(origin, used, bytes)
        for (let use = 0; use < 3; use++) {
          using instance = used.instantiate(module)
          expect(runSteps(instance.exports as Exports, steps, rest.is64)).toEqual(expected)
        }
      },
    )
    await fc.assert(property, { numRuns: 150 })
  }, 60_000)

  it('with an initial value', async () => {
    const tables = [[0x40, 0, 0x70, 0, 5, 0xd2, 0, 0x0b]]
    const grow = [0xd0, 0x70, 0x20, 0, 0xfc, 15, 0]
    const bytes = rawModule({
      types: [[0x60, 1, i32, 1, i32]],
      tables,
      functions: [{ type: 0, code: grow }],
      declared: [0],
    })
    await using module = await engine.compile(bytes)
    using instance = engine.instantiate(module)
    const { f0 } = instance.exports as Exports
    expect([f0(15), f0(1), f0(0)]).toEqual([5, -1, 20])
  })

  it('from another instance have its limit, and match what asks for a larger maximum', async () => {
    await using exporter = await engine.compile(
      wat('(module (memory 0) (table (export "table") 1 1000 funcref))'),
    )
    using one = engine.instantiate(exporter)
    // Dropped with the engine: linked instances end together.
    for (const type of ['1 1000 funcref', '1 funcref', '0 20 funcref']) {
      const module = await engine.compile(tableImporter(type))
      using other = engine.instantiate(module, { m: one.exports })
      expect((other.exports as Exports)['grow'](maxTableElements)).toBe(-1)
    }
    for (const type of ['2 1000 funcref', '0 19 funcref']) {
      const module = await engine.compile(tableImporter(type))
      expect(() => engine.instantiate(module, { m: one.exports })).toThrow(WebAssembly.LinkError)
    }
    // One of the host's own has whatever the host gave it, and may start larger.
    await using module = await engine.compile(tableImporter('30 funcref'))
    const own = new WebAssembly.Table({ element: 'anyfunc', initial: 40 })
    using user = engine.instantiate(module, { m: { table: own } })
    expect((user.exports as Exports)['grow'](100)).toBe(40)
  })

  it('stay within it from a snapshot on', async () => {
    const bytes = tableModule({ type: 'funcref', is64: false, initial: 1, maximum: undefined })
    await using module = await engine.compile(bytes)
    await using snapshot = await engine.snapshot(module, {}, growBy(10))
    using instance = engine.instantiate(snapshot)
    expect([growBy(9)(instance), growBy(1)(instance), growBy(0)(instance)]).toEqual([11, -1, 20])
  })
})

describe('refused with the option to raise', () => {
  const array = [0x5e, 0x78, 1] // type 1: array (mut i8)
  const constant = (...code: number[]): Uint8Array<ArrayBuffer> =>
    rawModule({
      types: [[0x60, 0, 0], array],
      globals: [
        [0x63, 1, 0, ...code, 0x0b],
        [i32, 0, 0x41, 5, 0x0b],
      ].toReversed(),
      functions: [{ type: 0, code: [] }],
    })

  it.each<[string, Uint8Array<ArrayBuffer>, RegExp]>([
    [
      'a table that starts larger',
      wat('(module (table 1 funcref) (table 21 externref))'),
      /table 1 starts with 21 entries, and 20 .*`maxTableElements`/,
    ],
    ['too many tables', wat(`(module ${'(table 1 funcref)'.repeat(4)})`), /4 tables, and 3 .*`maxTables`/],
    [
      'a longer element segment',
      wat(`(module ${functionsText(1)} (elem func ${'0 '.repeat(21)}))`),
      /segment has 21 entries, and 20 .*`maxTableElements`/,
    ],
    [
      'too many elements',
      wat(`(module ${functionsText(1)} ${`(elem func ${'0 '.repeat(16)}) `.repeat(4)})`),
      /segments have 64 entries.*`maxTables`/,
    ],
    [
      'a constant array',
      constant(...newDefault([0x81, 0x20])),
      /arrays of 4097 bytes, and 4096 .*`maxArrayBytes`/,
    ],
    ['a constant array of -1', constant(...newDefault([0x7f])), /arrays of 4294967295 bytes/],
    ['a length from elsewhere', constant(0x23, 0, 0xfb, 7, 1), /no plain constant.*`maxArrayBytes`/s],
  ])('%s', async (_, bytes, message) => {
    if (!supported(bytes)) return
    const error = await engine.compile(bytes).then(
      () => new Error('accepted'),
      (reason: unknown) => reason as Error,
    )
    expect(error).toBeInstanceOf(UnsupportedModuleError)
    expect(error.message).toMatch(message)
    await (await plain.compile(bytes)).dispose()
  })

  it('and not what is just within', async () => {
    const texts = [
      `(module ${'(table 20 funcref)'.repeat(3)})`,
      `(module (import "m" "t" (table 1000 funcref)) ${'(table 1 funcref)'.repeat(3)})`,
      `(module ${functionsText(1)} ${`(elem func ${'0 '.repeat(20)}) `.repeat(3)})`,
    ]
    for (const bytes of [...texts.map((text) => wat(text)), constant(...newDefault([0x80, 0x20]))])
      await (await engine.compile(bytes)).dispose()
  })
})

type Element = readonly [type: number, bytes: number, value: readonly number[]]

/** The element type's byte, how many bytes an element takes, and a constant of it. */
const elements: readonly [Element, ...Element[]] = [
  [0x78, 1, [0x41, 0x07]],
  [0x77, 2, [0x41, 0x07]],
  [0x7f, 4, [0x41, 0x07]],
  [0x7e, 8, [0x42, 0x07]],
  [0x7d, 4, [0x43, 0, 0, 0x80, 0x3f]],
  [0x7c, 8, [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]],
  [0x7b, 16, [0xfd, 12, ...Array<number>(16).fill(3)]],
  [externref, 8, [0xd0, externref]],
  [0x70, 8, [0xd2, 0]],
]

const segmentBytes = 6000

/** `f0` to `f3` make an array in each way, as long as they are told, and return its length; `f1` is given what the data is. */
function arrayModule([type, , value]: Element): Uint8Array<ArrayBuffer> {
  const isReference = type === externref || type === 0x70
  const make = [
    [...value, 0x20, 0, 0xfb, 6, 1],
    [0x20, 0, 0xfb, 7, 1],
    // From the active segment, which is empty by then, and from the passive one, or from the declared and a passive segment.
    ...[0, 1].map((segment) => [0x41, 0, 0x20, 0, 0xfb, isReference ? 10 : 9, 1, segment]),
  ]
  const reference = [0xd0, type === 0x70 ? 0x73 : 0x72, 0x0b]
  const segment = [5, type, 0x80, 0x08, ...Array.from({ length: 1024 }, () => reference).flat()]
  return rawModule({
    types: [
      [0x60, 1, i32, 1, i32],
      [0x5e, type, 1],
    ],
    functions: make.map((code) => ({ type: 0, code: [...code, 0xfb, 15] })),
    declared: type === externref ? [] : [0],
    elements: isReference ? (type === externref ? [segment, segment] : [segment]) : [],
    data: [[1, 2, 3], Array<number>(segmentBytes).fill(9)],
  })
}

describe('arrays', () => {
  const length = fc.oneof(
    fc.nat(300),
    fc.nat(5000),
    fc.constantFrom(255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097),
    fc.constantFrom(-1, 2 ** 31 - 1, 2 ** 20),
  )

  const cases = elements.map((element) => [element[0].toString(16), element] as const)

  it.each(cases)(
    'of type 0x%s: as on plain V8 up to the limit, beyond as beyond its own',
    async (_, element) => {
      const [, size] = element
      const bytes = arrayModule(element)
      expect(supported(bytes)).toBe(true)
      const native = nativeInstance(bytes).exports as Exports
      const tooLarge = outcomeOf(() => native['f1'](-1))
      expect(tooLarge).toMatchObject({ message: 'requested new array is too large' })
      for (const origin of origins) {
        for (const used of [forArrays, timedForArrays]) {
          await using module = await moduleFrom(origin, used, bytes)
          fc.assert(
            fc.property(fc.constantFrom('f0', 'f1', 'f2', 'f3'), length, (name, count) => {
              using instance = used.instantiate(module)
              const beyond = (count >>> 0) * size > maxArrayBytes
              const expected = beyond ? tooLarge : outcomeOf(() => native[name](count))
              expect(outcomeOf(() => (instance.exports as Exports)[name](count))).toEqual(expected)
            }),
            { numRuns: 100 },
          )
        }
      }
    },
  )

  it('hold what they are given', async () => {
    const [get, set] = [
      [0xfb, 13, 1],
      [0x20, 0],
    ]
    const bytes = rawModule({
      types: [
        [0x60, 2, i32, i32, 1, i32],
        [0x5e, 0x78, 1],
      ],
      functions: [
        { type: 0, code: [0x41, 0x2a, ...set, 0xfb, 6, 1, 0x20, 1, ...get] },
        { type: 0, code: [0x41, 1, ...set, 0xfb, 9, 1, 1, 0x20, 1, ...get] },
      ],
      data: [[], Array.from({ length: 5000 }, (_, at) => at % 251)],
    })
    await using module = await engine.compile(bytes)
    using instance = engine.instantiate(module)
    const { f0, f1 } = instance.exports as Exports
    expect([f0(4096, 4095), f0(1, 0), f1(4096, 4095), f1(4096, 0)]).toEqual([42, 42, 4096 % 251, 1])
  })

  it('a limit of one byte', async () => {
    await using tiny = new Engine({ ...slots, maxArrayBytes: 1 })
    await using module = await tiny.compile(arrayModule(elements[0]))
    using instance = tiny.instantiate(module)
    const { f1 } = instance.exports as Exports
    expect([outcomeOf(() => f1(1)), outcomeOf(() => f1(2))]).toMatchObject([
      { value: 1 },
      { error: 'RuntimeError' },
    ])
  })

  it('a trap shows the instruction, and where it stands in the original', async () => {
    const bytes = arrayModule(elements[0])
    const native = thrownBy(() => (nativeInstance(bytes).exports as Exports)['f1'](-1))
    await using module = await engine.compile(bytes)
    using instance = engine.instantiate(module)
    const pooled = thrownBy(() => (instance.exports as Exports)['f1'](-1))
    expect(pooled.stack).toContain('array.new_default')
    expect(module.originalOffset(Number(offsets(pooled)[1]))).toBe(Number(offsets(native)[0]))
  })
})

describe('a module that was compiled elsewhere', () => {
  const unlimited = tableModule({ type: 'funcref', is64: false, initial: 1, maximum: undefined })

  it.each([
    ['tables without a maximum', unlimited, 'maxTableElements'],
    [
      'a larger maximum',
      tableModule({ type: 'externref', is64: false, initial: 1, maximum: 21 }),
      'maxTableElements',
    ],
    ['more tables', wat(`(module ${'(table 1 1 funcref)'.repeat(4)})`), 'maxTables'],
    ['a longer segment', wat(`(module (func) (elem func ${'0 '.repeat(21)}))`), 'maxTableElements'],
    ['more in segments', wat(`(module (func) ${`(elem func ${'0 '.repeat(16)}) `.repeat(4)})`), 'maxTables'],
    ['arrays', arrayModule(elements[0]), 'maxArrayBytes'],
  ])('with more than the limits allow: %s', async (_, bytes, option) => {
    const error = expect.objectContaining({
      code: 'WARMSLOT_SERIALIZED_MODULE',
      message: expect.stringContaining(`\`${option}\``) as string,
    }) as SerializedModuleError
    expect(await carry(bytes, plain, engine)).toEqual([error, error])
  })

  it('within them, or with other ones where nothing depends on it', async () => {
    const small = wat(
      '(module (memory 1) (table 1 20 funcref) (func (export "f") (drop (memory.grow (i32.const 1)))))',
    )
    expect(await carry(small, plain, engine)).toEqual(['taken', 'taken'])
    expect(await carry(unlimited, engine, plain)).toEqual(['taken', 'taken'])
    expect(await carry(arrayModule(elements[0]), engine, plain)).toEqual(['taken', 'taken'])
  })

  it('keeps its limits in an engine with larger ones, also when it goes on from there', async () => {
    await using compiled = await engine.compile(unlimited)
    const once = await plain.deserialize(await compiled.serialize())
    const twice = await plain.deserialize(await once.serialize())
    const snapshot = await plain.snapshot(twice, {}, () => undefined)
    const back = await engine.deserialize(await snapshot.serialize())
    const tried: [Engine, PooledModule][] = [
      [plain, once],
      [plain, twice],
      [plain, snapshot],
      [engine, back],
    ]
    for (const [used, module] of tried) {
      const instance = used.instantiate(module)
      expect((instance.exports as Exports)['grow'](maxTableElements)).toBe(-1)
      instance.release()
      await module.dispose()
    }
  })
})

describe('where nothing is limited, nothing is rewritten', () => {
  it.each(structuredModules.map(({ name, bytes }) => [name, bytes] as const))('%s', (_, bytes) => {
    const limited = rewritten(bytes, { maxTables: 9, maxTableElements: 8, maxArrayBytes: 2 ** 30 })
    const makesArrays = [6, 7, 9, 10].some((opcode) => Buffer.from(bytes).includes(Buffer.of(0xfb, opcode)))
    // Its tables have smaller maxima than that.
    if (!makesArrays) expect(limited).toEqual(rewritten(bytes))
    else expect(limited).not.toEqual(rewritten(bytes))
  })
})
