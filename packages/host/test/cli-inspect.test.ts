/** `warmslot inspect`: commands, libraries, and what cannot be served. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshExplanations } from '../src/cli/inspect/fresh-reasons.ts'
import { inspectModule } from '../src/cli/inspect/inspect-module.ts'
import type { Inspection } from '../src/cli/inspect/inspection.ts'
import { readModuleShape } from '../src/cli/inspect/module-shape.ts'
import { runCli, TestFolder } from './support/cli.ts'
import { command, library } from './support/programs.ts'
import { supported, wat } from './support/wat.ts'

const mib = 2 ** 20
let folder: TestFolder

beforeAll(() => {
  folder = new TestFolder()
})
afterAll(() => folder[Symbol.dispose]())

const inspected = (bytes: Uint8Array<ArrayBuffer>): Promise<Inspection> =>
  inspectModule('a.wasm', bytes, {
    maxMemoryBytes: mib,
    maxTables: 2,
    maxTableElements: 1000,
    maxArrayBytes: 65_536,
  })

it('a command', async () => {
  const path = folder.write('command.wasm', command)
  const { status, stdout, stderr } = await runCli(['inspect', path, '--json'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const inspection = JSON.parse(stdout) as Inspection
  expect(inspection).toMatchObject({
    file: path,
    byteLength: command.byteLength,
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
    usable: true,
    kind: 'command',
    memories: [{ imported: false, addressBits: 32, shared: false, pageBytes: 65_536, initialPages: 4 }],
    functions: [{ name: '_start', signature: '() -> ()' }],
    image: { byteLength: expect.any(Number) as number },
    warm: { possible: true },
  })
  expect(inspection.imports).toContainEqual({
    module: 'wasi_snapshot_preview1',
    name: 'fd_write',
    kind: 'function',
    signature: '(i32, i32, i32, i32) -> i32',
    givenBy: 'WASI',
  })
  expect(inspection.timing!.compileMs).toBeGreaterThan(0)
  expect(inspection.timing!.nativeCompileMs).toBeGreaterThan(0)
})

it('an image, and what of it is not zero', async () => {
  const text = '(module (memory 2) (data (i32.const 60000) "image") (data (i32.const 70000) "\\00\\01"))'
  expect((await inspected(wat(text))).image).toEqual({ byteLength: 16_384, nonZeroBytes: 6 })
})

it('a library, for people', async () => {
  const { status, stdout, stderr } = await runCli(['inspect', folder.write('library.wasm', library)])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('library.wasm: can be served\n')
  expect(stdout).toMatch(/kind +library: POST .*"_initialize"/)
  expect(stdout).toMatch(/^ +two \(\) -> \(i32, i64\)$/m)
  expect(stdout).toMatch(/warm +yes/)
  expect(stdout).toMatch(/image +none/)
})

describe('what cannot be served ends with 3', () => {
  it.each([
    [
      'foreign imports',
      wat('(module (import "env" "f" (func (param i32))) (memory 1))'),
      /imports function "env" "f"/,
    ],
    ['shared memory', wat('(module (memory 1 2 shared))'), /cannot be pooled: memory 0 is shared/],
    [
      'a memory that is larger than allowed',
      wat('(module (memory 4000))'),
      /cannot be pooled: memory 0 starts with 262144000 bytes/,
    ],
    ['no module', Buffer.from('hello'), /no WebAssembly module/],
    ['an empty file', new Uint8Array(), /no WebAssembly module/],
    ['text', Buffer.from('(module (func))'), /WebAssembly text: assemble it first/],
    ['a component', Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), /component/],
    ['a module that was cut off', library.subarray(0, 200), /V8 does not accept it: .*cut off/],
    ['code that is not valid', wat('(module (func (result i32)))'), /V8 does not accept it/],
    [
      'data beyond the memory',
      wat('(module (memory 1) (data (i32.const 65536) "x"))'),
      /cannot be instantiated: .*data segment/,
    ],
  ])('%s', async (name, bytes, message) => {
    const path = folder.write('refused.wasm', bytes)
    const { status, stdout, stderr } = await runCli(['inspect', path, '--json'])
    expect({ name, status, stderr }).toEqual({ name, status: 3, stderr: '' })
    const { usable, refusal } = JSON.parse(stdout) as Inspection
    expect(usable).toBe(false)
    expect(refusal!.message).toMatch(message)
    expect(refusal!.code).toMatch(/^WARMSLOT_/)
    const plain = await runCli(['inspect', path])
    expect(plain.status).toBe(3)
    expect(plain.stdout).toContain('refused.wasm: cannot be served\n')
  })

  it('says who gives what', async () => {
    const { imports } = await inspected(
      wat(`(module (import "wasi_snapshot_preview1" "sock_send" (func)) (import "wasi_snapshot_preview1" "new" (func))
        (import "env" "memory" (memory 1 3)) (import "env" "limit" (global i32)))`),
    )
    expect(imports!.map(({ name, givenBy }) => [name, givenBy])).toEqual([
      ['sock_send', 'WASI, which answers that it is not supported'],
      ['new', 'WASI, which answers that it is not supported'],
      ['memory', 'the pool'],
      ['limit', 'nobody'],
    ])
  })
})

it('a file that cannot be read is a failure', async () => {
  const stderr = 'warmslot inspect: /no/such.wasm cannot be read: there is no such file\n'
  expect(await runCli(['inspect', '/no/such.wasm'])).toEqual({ status: 1, stdout: '', stderr })
})

it('a larger memory, where it is allowed', async () => {
  const path = folder.write('large.wasm', wat('(module (memory 4000))'))
  expect((await runCli(['inspect', path, '--max-memory-bytes', '256MiB'])).status).toBe(0)
})

it('no code of the module runs', async () => {
  const start = wat(
    '(module (memory 1) (data (i32.const 0) "abc") (func $start (loop $for_ever (br $for_ever))) (start $start))',
  )
  expect(await inspected(start)).toMatchObject({ usable: true, image: { byteLength: 4096 } })
})

it.each([
  ['no memory', '(module (func (export "f")))'],
  ['code drops segments', '(module (memory 1) (data $d "a") (func (export "f") (data.drop $d)))'],
  ['exports a tag', '(module (memory 1) (tag (export "t")))'],
  [
    'code changes tables',
    '(module (memory 1) (table 1 funcref) (func (export "f") (table.set (i32.const 0) (ref.null func))))',
  ],
] as const)('why uses are not warm, in words: %s', async (reason, text) => {
  const { warm } = await inspected(wat(text))
  expect(warm).toEqual({ possible: false, freshReason: reason, explanation: freshExplanations[reason] })
})

describe('shapes', () => {
  it('of memories', () => {
    const bytes = wat(
      '(module (import "a" "b" (memory 2 3)) (memory 1) (memory i64 5 6) (memory 1 2 shared))',
    )
    const memory = {
      imported: false,
      addressBits: 32,
      shared: false,
      pageBytes: 65_536,
      initialPages: 1,
      maximumPages: undefined,
    }
    expect(readModuleShape(bytes)!.memories).toEqual([
      { ...memory, imported: true, initialPages: 2, maximumPages: 3 },
      memory,
      { ...memory, addressBits: 64, initialPages: 5, maximumPages: 6 },
      { ...memory, shared: true, maximumPages: 2 },
    ])
  })

  it('of signatures, with types of every kind around', () => {
    const types = [
      // A struct with a mutable i8, an array of i64
      [0x5f, 1, 0x78, 1],
      [0x5e, 0x7e, 0],
      // Together: a subtype (ref null 0) -> (), and () -> v128
      [0x4e, 2, 0x50, 0, 0x60, 1, 0x63, 0, 0, 0x60, 0, 1, 0x7b],
      // (ref func), externref, (ref 5), f32 -> i32, f64
      [0x60, 4, 0x64, 0x70, 0x6f, 0x64, 5, 0x7d, 2, 0x7f, 0x7c],
    ].flat()
    const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, types.length + 1, 4]
    // Functions of the last three types, of which "a" is the last.
    const rest = [3, 4, 3, 2, 3, 4, 7, 5, 1, 1, 0x61, 0, 2]
    expect(readModuleShape(Uint8Array.from([...header, ...types, ...rest]))!.exports).toEqual([
      { name: 'a', kind: 'function', signature: '((ref func), externref, (ref 5), f32) -> (i32, f64)' },
    ])
    const real = wat(
      '(module (func (export "f") (param i32 i64 f32 f64 externref funcref) (result v128)) (start 1) (func))',
    )
    expect(readModuleShape(real)).toMatchObject({
      exports: [
        { name: 'f', kind: 'function', signature: '(i32, i64, f32, f64, externref, funcref) -> v128' },
      ],
      hasStart: true,
    })
  })

  it('of what imports everything', () => {
    const bytes =
      wat(`(module (import "m" "f" (func (result i32))) (import "m" "t" (table 1 2 externref)) (import "m" "g" (global (mut i64)))
      (import "m" "e" (tag (param i32))) (import "m" "h" (func (param f32))) (func (export "own") (param i64)) (export "h" (func 1)))`)
    expect(supported(bytes)).toBe(true)
    const { imports, exports } = readModuleShape(bytes)!
    expect(imports.map(({ kind }) => kind)).toEqual(['function', 'table', 'global', 'tag', 'function'])
    expect(exports.map(({ signature }) => signature)).toEqual(['(i64) -> ()', '(f32) -> ()'])
  })

  it('never throws, and says nothing of what it does not know', () => {
    for (let length = 0; length < library.byteLength; length += 1)
      readModuleShape(library.subarray(0, length))
    for (let index = 8; index < library.byteLength; index += 1) {
      const changed = library.slice()
      changed[index]! ^= 0xff
      readModuleShape(changed)
    }
    expect(readModuleShape(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 2, 1, 0x20))).toBeUndefined()
  })
})

it('says which limit a module is beyond, and takes another one', async () => {
  const path = folder.write(
    'tables.wasm',
    wat(`(module ${'(table 1 funcref)'.repeat(9)} (func (export "f")))`),
  )
  const refused = await runCli(['inspect', path])
  expect(refused.status).toBe(3)
  expect(refused.stdout).toContain('`maxTables`')
  expect((await runCli(['inspect', path, '--max-tables', '9'])).status).toBe(0)
  const { status, stderr } = await runCli(['inspect', path, '--max-array-bytes', '2GiB'])
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining('flag "--max-array-bytes" must be a whole number from 1 to 1073741824'),
  ])
})
