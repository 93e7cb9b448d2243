/** V8 has the last word on what is valid: the engine rejects the same modules, in the same words, and no others. */
import * as fc from 'fast-check'
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Writer } from '../src/binary/writer.ts'
import { Engine, UnsupportedModuleError } from '../src/index.ts'
import { kitchen, kitchenImports } from './support/kitchen.ts'
import { memory64Pooled } from './support/memory64.ts'
import { outcomeOf, outcomeOfAsync } from './support/outcome.ts'
import { assemble, programs } from './support/random-program.ts'
import { rawModule } from './support/raw-module.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 4, maxMemoryBytes: 16 * 65_536 })
afterAll(() => engine.close())

type Bytes = Uint8Array<ArrayBuffer>

/** Compiles on both; where both take it, instantiates on both. Says what came of it. */
async function judge(bytes: Bytes, imports?: WebAssembly.Imports): Promise<'invalid' | 'refused' | 'pooled'> {
  const expected = await outcomeOfAsync(() => WebAssembly.compile(bytes))
  const actual = await outcomeOfAsync(() => engine.compile(bytes))
  if ('error' in expected) {
    deepStrictEqual(actual, expected)
    return 'invalid'
  }
  if ('error' in actual) {
    expect(actual.error).toBe('UnsupportedModuleError')
    return 'refused'
  }
  const native = expected.value as WebAssembly.Module
  const module = actual.value as Awaited<ReturnType<Engine['compile']>>
  // A mutation can import a memory, which natively is missing.
  if (!module.imports.some(({ kind }) => kind === 'memory')) {
    const names = outcomeOf(() => Object.keys(new WebAssembly.Instance(native, imports).exports))
    const pooled = outcomeOf(() => {
      using instance = engine.instantiate(module, imports)
      return Object.keys(instance.exports)
    })
    deepStrictEqual(pooled, names)
  }
  await module.dispose()
  return 'pooled'
}

const atomics = wat(`(module (memory (export "m") 1 3) (data "passive") (data (i32.const 8) "active")
  (func (export "f") (param i32 i64) (result i64)
    (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 7)) (data.drop 0)
    (memory.copy (i32.const 16) (i32.const 0) (i32.const 8)) (memory.fill (i32.const 32) (i32.const 1) (i32.const 9))
    (drop (memory.grow (i32.const 1))) (drop (memory.size))
    (i32.atomic.store offset=4 (local.get 0) (i32.const 1)) (atomic.fence)
    (drop (memory.atomic.notify (local.get 0) (i32.const 1)))
    (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (i64.const 2))))`)

const wide =
  wat(`(module (memory (export "m") i64 1 3) (memory 1) (data "passive") (data (i64.const 8) "active")
  (data (i64.add (i64.const 70000) (i64.mul (i64.const -3) (i64.const 5000))) "sum")
  (func (export "f") (param i64 i32) (result i64)
    (memory.init 0 (local.get 0) (i32.const 0) (i32.const 7))
    (memory.copy 0 1 (local.get 0) (local.get 1) (i32.const 8)) (memory.fill (i64.const 32) (i32.const 1) (i64.const 9))
    (drop (memory.grow (i64.const 1))) (i64.atomic.store offset=8 (local.get 0) (i64.const 1))
    (i64.add (memory.size) (i64.load offset=4294967296 (local.get 0)))))`)

const seeds: [string, Bytes, WebAssembly.Imports?][] = [
  ['exports of every kind', kitchen, kitchenImports()],
  ['bulk and atomic instructions', atomics],
  [
    'offsets that depend on imports',
    wat(`(module (import "e" "g" (global $g i32)) (import "e" "f" (func))
    (memory 1) (data (global.get $g) "x") (data (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))) "y")
    (global (mut i64) (i64.const 5)) (func $s) (start $s))`),
    { e: { g: 4, f: () => 1 } },
  ],
  ['no memory', wat('(module (func (export "f") (result i32) (i32.const 1)))')],
]
if (memory64Pooled) seeds.push(['64-bit memories', wide])

describe.each(seeds)('%s', (_name, bytes, imports) => {
  it('whole', async () => {
    expect(await judge(bytes, imports)).toBe('pooled')
  })

  it('cut off anywhere', async () => {
    for (let length = 0; length < bytes.length; length++) await judge(bytes.slice(0, length), imports)
  })

  it('with any byte changed', async () => {
    const counts = { invalid: 0, refused: 0, pooled: 0 }
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = bytes.slice()
        for (const [position, difference] of changes) changed[position]! ^= difference
        counts[await judge(changed, imports)]++
      }),
      { numRuns: 700 },
    )
    expect(counts.invalid).toBeGreaterThan(0)
    expect(counts.pooled).toBeGreaterThan(0)
  })

  it('with bytes inserted or removed', async () => {
    const edit = fc.record({
      position: fc.nat({ max: bytes.length }),
      removed: fc.nat({ max: 3 }),
      inserted: fc.uint8Array({ maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(edit, async ({ position, removed, inserted }) => {
        const edited = Buffer.concat([
          bytes.subarray(0, position),
          inserted,
          bytes.subarray(position + removed),
        ])
        await judge(new Uint8Array(edited), imports)
      }),
      { numRuns: 300 },
    )
  })
})

describe('garbage', () => {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  const sections = fc.array(
    fc.record({
      id: fc.nat({ max: 15 }),
      contents: fc.uint8Array({ maxLength: 24 }),
      count: fc.nat({ max: 4 }),
    }),
    { maxLength: 5 },
  )

  it('any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        expect(await judge(new Uint8Array(bytes))).toBe('invalid')
      }),
      { numRuns: 300 },
    )
  })

  it('any sections', async () => {
    await fc.assert(
      fc.asyncProperty(sections, fc.boolean(), async (list, ordered) => {
        const output = new Writer().byte(...header)
        const inOrder = ordered ? list.toSorted((one, other) => one.id - other.id) : list
        for (const { id, contents, count } of inOrder) {
          output.section(id, new Writer().u32(count).bytes(contents))
        }
        await judge(output.written.slice())
      }),
      { numRuns: 1_000 },
    )
  })

  it('random programs with any byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (program, where, difference) => {
          const bytes = assemble(program)
          bytes[8 + (where % (bytes.length - 8))]! ^= difference
          await judge(bytes)
        },
      ),
      { numRuns: 700 },
    )
  })
})

function u32(value: number): number[] {
  return [...new Writer().u32(value).written]
}

/** `i32.atomic.load` at local 0, dropped. */
function atomicLoad(alignment: number[], offset: number[]): number[] {
  return [0x20, 0, 0xfe, 0x10, ...alignment, ...offset, 0x1a]
}

describe('details that the rewrite would hide from V8', () => {
  const { i32 } = { i32: 0x7f }

  interface Parts {
    memory?: readonly number[]
    code?: readonly number[]
    offset?: readonly number[]
    start?: boolean
  }

  /** A module of one memory, one function `(i32) -> ()` and one active segment. */
  function module({ memory = [0, 1], code = [], offset = [0x41, 0], start = false }: Parts): Bytes {
    const body = new Writer().byte(0, ...code, 0x0b)
    const output = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
    output.section(1, new Writer().byte(1, 0x60, 1, i32, 0))
    output.section(3, new Writer().byte(1, 0))
    output.section(5, new Writer().byte(1, ...memory))
    if (start) output.section(8, new Writer().byte(0))
    output.section(12, new Writer().byte(1))
    output.section(10, new Writer().byte(1).u32(body.length).bytes(body.written))
    output.section(11, new Writer().byte(1, 0, ...offset, 0x0b, 1, 0x61))
    return output.written.slice()
  }

  const details: [string, Bytes][] = [
    ['a start function with a parameter', module({ start: true })],
    ['an offset that adds one operand', module({ offset: [0x41, 1, 0x6a] })],
    ['an offset that adds no operands', module({ offset: [0x6a] })],
    ['an offset that subtracts one operand', module({ offset: [0x41, 1, 0x6b] })],
    ['an empty offset', module({ offset: [] })],
    ['two offsets', module({ offset: [0x41, 1, 0x41, 1] })],
    ['an i64 offset', module({ offset: [0x42, 1] })],
    ['an i64 sum as offset', module({ offset: [0x42, 1, 0x42, 1, 0x7c] })],
    ['a float offset', module({ offset: [0x43, 0, 0, 0, 0] })],
    ['an offset of too many bytes', module({ offset: [0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00] })],
    ['an offset of 33 bits', module({ offset: [0x41, 0x80, 0x80, 0x80, 0x80, 0x10] })],
    ['an offset of 32 bits with unused ones', module({ offset: [0x41, 0xff, 0xff, 0xff, 0xff, 0x4f] })],
    ['an offset of 32 bits, negative', module({ offset: [0x41, 0xff, 0xff, 0xff, 0xff, 0x7f] })],
    ['a call as offset', module({ offset: [0x10, 0] })],
    ['a nop as offset', module({ offset: [0x01, 0x41, 0] })],
    ['a global that is not there as offset', module({ offset: [0x23, 0] })],
    ['a maximum below the minimum', module({ memory: [1, 2, 1] })],
    ['a minimum beyond 4 GiB', module({ memory: [0, ...u32(65_537)] })],
    ['a maximum of 4 GiB', module({ memory: [1, 1, ...u32(65_536)] })],
    ['a maximum beyond 4 GiB', module({ memory: [1, 1, ...u32(65_537)] })],
    ['a maximum of 2^32 - 1 pages', module({ memory: [1, 1, ...u32(2 ** 32 - 1)] })],
    ['flags of limits that do not exist', module({ memory: [0x10, 1] })],
    ['a shared memory without a maximum', module({ memory: [2, 1] })],
    ['memory.size of memory 1', module({ code: [0x3f, 1, 0x1a] })],
    ['memory.size in two bytes', module({ code: [0x3f, 0x80, 0x00, 0x1a] })],
    ['memory.grow of memory 1', module({ code: [0x41, 0, 0x40, 1, 0x1a] })],
    ['memory.fill of memory 1', module({ code: [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 1] })],
    ['memory.copy from memory 1', module({ code: [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 1] })],
    ['memory.init of segment 1', module({ code: [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 8, 1, 0] })],
    ['memory.grow without an operand', module({ code: [0x40, 0, 0x1a] })],
    ['memory.grow of an i64', module({ code: [0x42, 0, 0x40, 0, 0x1a] })],
    ['memory.size as an i64', module({ code: [0x3f, 0, 0x50, 0x1a] })],
    ['an aligned atomic', module({ code: atomicLoad([2], [0]) })],
    ['an atomic with less alignment', module({ code: atomicLoad([1], [0]) })],
    ['an atomic with alignment 2^34', module({ code: atomicLoad([34], [0]) })],
    [
      'an atomic with alignment 2^(2^32 + 2)',
      module({ code: atomicLoad([0x82, 0x80, 0x80, 0x80, 0x10], [0]) }),
    ],
    ['an atomic of memory 1', module({ code: atomicLoad([0x42, 1], [0]) })],
    ['an atomic of memory 0 by its index', module({ code: atomicLoad([0x42, 0], [0]) })],
    ['an atomic with the greatest offset', module({ code: atomicLoad([2], u32(2 ** 32 - 1)) })],
    [
      'an atomic with an offset of 33 bits',
      module({ code: atomicLoad([2], [0x80, 0x80, 0x80, 0x80, 0x10]) }),
    ],
    [
      'an atomic with an offset in ten bytes',
      module({ code: atomicLoad([2], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]) }),
    ],
    ['a global that only the rewrite has', module({ code: [0x3f, 0, 0x24, 0] })],
    ['a global that only the rewrite has, read', module({ code: [0x3f, 0, 0x23, 0, 0x1a, 0x1a] })],
    ['a function that only the rewrite has', module({ code: [0x41, 0, 0x40, 0, 0x10, 1, 0x1a] })],
    ['a table that only the rewrite has', module({ code: [0x41, 0, 0x40, 0, 0x25, 0, 0x1a] })],
    ['a type that only the rewrite has', module({ code: [0x41, 0, 0x40, 0, 0x02, 1, 0x0b, 0x1a] })],
    ['instructions behind the end', module({ code: [0x0b, 0x3f, 0, 0x1a] })],
    ['dead code', module({ code: [0x00, 0x40, 0, 0x1a, 0xfc, 11, 0] })],
    ['dead code with an atomic', module({ code: [0x00, 0xfe, 0x48, 2, 0, 0x1a] })],
  ]
  it.each(details)('%s', async (_what, bytes) => {
    await judge(bytes)
  })
})

describe('found by the fuzzer: V8 takes it, so the engine must', () => {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  const found: [string, Bytes][] = [
    [
      "a tag's attribute in three bytes",
      new Uint8Array([...header, 1, 4, 1, 0x60, 0, 0, 13, 5, 1, 0x80, 0x80, 0x00, 0]),
    ],
    [
      'a select of 257 types, of which V8 sees one',
      rawModule({
        types: [[0x60, 0, 1, 0x7f]],
        functions: [{ type: 0, code: [0x41, 1, 0x41, 2, 0x41, 0, 0x1c, 0x81, 0x02, 0x7f] }],
      }),
    ],
  ]
  it.each(found.filter(([, bytes]) => supported(bytes)))('%s', async (_what, bytes) => {
    expect(await judge(bytes)).toBe('pooled')
  })
})

describe('at the limits of V8, so that the rewrite has no room', () => {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  const memory = new Writer().byte(1, 0, 1)

  /** One function of type 0 with this body, its locals included, `globals` globals and `types` types. */
  function module(types: number, globals: number, body: Writer): Bytes {
    const typeSection = new Writer().u32(types)
    for (let type = 0; type < types; type++) typeSection.byte(0x60, 0, 0)
    const globalSection = new Writer().u32(globals)
    for (let global = 0; global < globals; global++) globalSection.byte(0x7f, 0, 0x41, 0, 0x0b)
    return new Writer()
      .byte(...header)
      .section(1, typeSection)
      .section(3, new Writer().byte(1, 0))
      .section(5, memory)
      .section(6, globalSection)
      .section(10, new Writer().byte(1).u32(body.length).bytes(body.written))
      .written.slice()
  }

  it('a million types', async () => {
    const bytes = module(1_000_000, 0, new Writer().byte(0, 0x41, 0, 0x40, 0, 0x1a, 0x0b))
    expect(supported(bytes)).toBe(true)
    const error: unknown = await engine.compile(bytes).catch((one: unknown) => one)
    expect(error).toBeInstanceOf(UnsupportedModuleError)
    expect((error as Error).message).toMatch(/beyond a limit of V8 .*types count of 100000\d/)
  })

  it('the longest function', async () => {
    const body = new Writer(8_000_000).byte(0)
    while (body.length < 7_654_321 - 3) body.byte(0x3f, 0, 0x1a)
    while (body.length < 7_654_321 - 1) body.byte(0x01)
    const bytes = module(1, 200, body.byte(0x0b))
    expect(supported(bytes)).toBe(true)
    await expect(engine.compile(bytes)).rejects.toThrow(/beyond a limit of V8 .*maximum function size/)
  })
})

describe('valid, but refused with the reason', () => {
  const refused: [string, Bytes, RegExp][] = [
    ['a shared memory', wat('(module (memory 1 2 shared))'), /memory 0 is shared.*new WebAssembly\.Instance/],
    ['an imported shared memory', wat('(module (import "e" "m" (memory 1 2 shared)))'), /memory 0 is shared/],
    [
      'too large a memory64',
      wat('(module (memory i64 65537))'),
      memory64Pooled ? /4295032832 bytes, and a slot holds 1048576/ : /memory 0 is a memory64/,
    ],
    [
      'a second memory64 that is shared',
      wat('(module (memory 1) (memory i64 1 2 shared))'),
      /memory 1 is shared/,
    ],
    [
      'too large a memory',
      wat('(module (memory 17))'),
      /1114112 bytes, and a slot holds 1048576.*`maxMemoryBytes`/,
    ],
    [
      'too many memories',
      wat('(module (memory 1) (memory 1) (memory 1) (memory 1) (memory 1))'),
      /5 memories.*4 slots.*`slots`/,
    ],
    [
      'imports under the name of the engine itself',
      wat('(module (import "\\00warmslot" "m1" (memory 10)) (memory 1))'),
      /\\u0000warmslot/,
    ],
    [
      'a memory with pages of one byte',
      new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 4, 1, 8, 1, 0]),
      /custom pages/,
    ],
  ]
  it.each(refused)('%s', async (_what, bytes, message) => {
    const error: unknown = await engine.compile(bytes).catch((one: unknown) => one)
    if (!supported(bytes)) return expect(error).toBeInstanceOf(WebAssembly.CompileError)
    expect(error).toBeInstanceOf(UnsupportedModuleError)
    expect(error).toHaveProperty('code', 'WARMSLOT_UNSUPPORTED_MODULE')
    expect((error as Error).message).toMatch(message)
  })
})
