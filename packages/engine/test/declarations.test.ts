/**
 * Every byte in every place where the binary format has a code: types, block types, limits, kinds, flags, catches, constant
 * instructions. Where V8 takes it, the engine pools it and it runs the same, or refuses it by name.
 */
import { afterAll, describe, expect, it } from 'vitest'

import { Judge } from '../fuzz/judge.ts'
import { Random } from '../fuzz/random.ts'
import { sectionId } from '../src/binary/module-structure.ts'
import { Writer } from '../src/binary/writer.ts'

type Bytes = Uint8Array<ArrayBuffer>
type Sections = Partial<Record<keyof typeof sectionId, readonly number[]>>

const judge = new Judge()
afterAll(() => judge.close())

const order = [
  'type',
  'import',
  'function',
  'table',
  'memory',
  'tag',
  'global',
  'export',
  'start',
  'element',
  'dataCount',
  'code',
  'data',
] as const

function module(sections: Sections): Bytes {
  const output = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  for (const name of order) {
    const contents = sections[name]
    if (contents) output.section(sectionId[name], new Writer().byte(...contents))
  }
  return output.written.slice()
}

/** Types 0 to 3: `() -> ()`, a struct, an array, `(i32) -> (i32)`. */
const types = [4, 0x60, 0, 0, 0x5f, 1, 0x7f, 1, 0x5e, 0x7f, 1, 0x60, 1, 0x7f, 1, 0x7f]
const oneMore = (...type: number[]): number[] => [5, ...types.slice(1), ...type]
const base: Sections = { type: types, function: [1, 0], memory: [1, 1, 1, 2], code: [1, 2, 0, 0x0b] }

/** A module with one function of type 0 and this code. */
function code(...instructions: number[]): Bytes {
  return module({ ...base, tag: [1, 0, 0], code: [1, instructions.length + 2, 0, ...instructions, 0x0b] })
}

/** The places, each with what V8 takes there at least. */
const places: readonly (readonly [name: string, at: (byte: number) => Bytes, known: readonly number[]])[] = [
  [
    'type of a parameter',
    (byte) => module({ ...base, type: oneMore(0x60, 1, byte, 0) }),
    [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x6e, 0x6d, 0x6c, 0x6b, 0x6a, 0x71, 0x72, 0x73],
  ],
  [
    'heap type, nullable',
    (byte) => module({ ...base, type: oneMore(0x60, 1, 0x63, byte, 0) }),
    [0, 1, 0x70, 0x6e],
  ],
  ['heap type', (byte) => module({ ...base, type: oneMore(0x60, 0, 1, 0x64, byte) }), [0, 1, 0x70, 0x6e]],
  [
    'type of a field',
    (byte) => module({ ...base, type: oneMore(0x5f, 1, byte, 1) }),
    [0x7f, 0x78, 0x77, 0x70],
  ],
  ['mutability of a field', (byte) => module({ ...base, type: oneMore(0x5f, 1, 0x7f, byte) }), [0, 1]],
  ['form of a type', (byte) => module({ ...base, type: oneMore(byte, 0, 0) }), [0x60]],
  ['form of a type, as of an array', (byte) => module({ ...base, type: oneMore(byte, 0x7f, 0) }), [0x5e]],
  [
    'form of a type, as of a subtype',
    (byte) => module({ ...base, type: oneMore(byte, 0, 0x60, 0, 0) }),
    [0x50, 0x4f],
  ],
  [
    'form of a type, as of a group',
    (byte) => module({ ...base, type: oneMore(byte, 1, 0x60, 0, 0) }),
    [0x4e],
  ],
  [
    'type of a local',
    (byte) => module({ ...base, code: [1, 4, 1, 1, byte, 0x0b] }),
    [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x6e],
  ],
  [
    'block type',
    (byte) => code(0x00, 0x02, byte, 0x00, 0x0b, 0x00),
    [0x40, 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0, 3],
  ],
  ['block type, a reference', (byte) => code(0x02, 0x63, byte, 0x00, 0x0b, 0x00), [0, 1, 0x70, 0x6f]],
  ['heap type of ref.null', (byte) => code(0xd0, byte, 0x1a), [0, 1, 0x70, 0x6f, 0x6e, 0x71, 0x72, 0x73]],
  ['heap type of ref.test', (byte) => code(0xd0, 0x6e, 0xfb, 0x15, byte, 0x1a), [1, 2, 0x6e, 0x6c, 0x71]],
  [
    'flags of br_on_cast',
    (byte) => code(0x02, 0x63, 0x6e, 0xd0, 0x6e, 0xfb, 0x18, byte, 0, 0x6e, 0x6e, 0x0b, 0x1a),
    [3],
  ],
  ['type of a select', (byte) => code(0x00, 0x1c, 1, byte, 0x1a), [0x7f, 0x7e, 0x70]],
  ['kind of a catch', (byte) => code(0x1f, 0x40, 1, byte, 0, 0x0b), [2]],
  ['kind of a catch with a tag', (byte) => code(0x1f, 0x40, 1, byte, 0, 0, 0x0b), [0]],
  ['alignment', (byte) => code(0x41, 0, 0x28, byte, 0, 0x1a), [0, 1, 2]],
  ['alignment with a memory', (byte) => code(0x41, 0, 0x28, byte, 0, 0, 0x1a), [0x40, 0x41, 0x42]],
  ['alignment of an atomic', (byte) => code(0x41, 0, 0xfe, 0x10, byte, 0, 0x1a), [2]],
  ['order of a fence', (byte) => code(0xfe, 3, byte), [0]],
  ['limits of a memory', (byte) => module({ ...base, memory: [1, byte, 1] }), [0]],
  ['limits of a memory with a maximum', (byte) => module({ ...base, memory: [1, byte, 1, 2] }), [1, 3]],
  ['limits of a memory with a page size', (byte) => module({ ...base, memory: [1, byte, 1, 2, 16] }), []],
  ['limits of a table', (byte) => module({ ...base, table: [1, 0x70, byte, 1] }), [0]],
  ['limits of a table with a maximum', (byte) => module({ ...base, table: [1, 0x70, byte, 1, 2] }), [1]],
  ['type of a table', (byte) => module({ ...base, table: [1, byte, 0, 1] }), [0x70, 0x6f, 0x6e]],
  [
    'second byte of a table with an initialiser',
    (byte) => module({ ...base, table: [1, 0x40, byte, 0x70, 0, 1, 0xd0, 0x70, 0x0b] }),
    [0],
  ],
  [
    'type of a global',
    (byte) => module({ ...base, global: [1, byte, 0, 0xd0, byte, 0x0b] }),
    [0x70, 0x6f, 0x6e],
  ],
  ['mutability of a global', (byte) => module({ ...base, global: [1, 0x7f, byte, 0x41, 0, 0x0b] }), [0, 1]],
  ['kind of an import', (byte) => module({ ...base, import: [1, 1, 0x6d, 1, 0x66, byte, 0] }), [0]],
  [
    'kind of an import, as of a table',
    (byte) => module({ ...base, import: [1, 1, 0x6d, 1, 0x66, byte, 0x70, 0, 1] }),
    [1],
  ],
  [
    'kind of an import, as of a memory',
    (byte) => module({ type: types, import: [1, 1, 0x6d, 1, 0x66, byte, 0, 1] }),
    [2],
  ],
  [
    'kind of an import, as of a global',
    (byte) => module({ ...base, import: [1, 1, 0x6d, 1, 0x66, byte, 0x7f, 0] }),
    [3],
  ],
  [
    'kind of an import, as of a tag',
    (byte) => module({ ...base, import: [1, 1, 0x6d, 1, 0x66, byte, 0, 0] }),
    [4],
  ],
  ['kind of an export', (byte) => module({ ...base, export: [1, 1, 0x66, byte, 0] }), [0, 2]],
  ['attribute of a tag', (byte) => module({ ...base, tag: [1, byte, 0] }), [0]],
  ['flags of a data segment', (byte) => module({ ...base, data: [1, byte, 0x41, 0, 0x0b, 1, 0x61] }), [0]],
  ['flags of a passive data segment', (byte) => module({ ...base, data: [1, byte, 1, 0x61] }), [1]],
  [
    'flags of a data segment with a memory',
    (byte) => module({ ...base, data: [1, byte, 0, 0x41, 0, 0x0b, 1, 0x61] }),
    [2],
  ],
  ...elementSegments(),
  [
    'instruction of a constant',
    (byte) => module({ ...base, global: [1, 0x7f, 0, 0x41, 1, 0x41, 1, byte, 0x0b] }),
    [0x6a, 0x6b, 0x6c],
  ],
  ['section', (byte) => new Uint8Array([...module(base), byte, 0]), []],
]

/** The eight forms of an element segment. */
function elementSegments(): [string, (byte: number) => Bytes, number[]][] {
  const offset = [0x41, 0, 0x0b]
  const functions = [1, 0]
  const expressions = [1, 0xd2, 0, 0x0b]
  const forms = [
    [...offset, ...functions],
    [0, ...functions],
    [0, ...offset, 0, ...functions],
    [0, ...functions],
    [...offset, ...expressions],
    [0x70, ...expressions],
    [0, ...offset, 0x70, ...expressions],
    [0x70, ...expressions],
  ]
  return forms.map((form, flags) => [
    `flags of an element segment, form ${flags}`,
    (byte) => module({ ...base, table: [1, 0x70, 0, 2], element: [1, byte, ...form] }),
    [flags],
  ])
}

/** Known to Node 22's V8 behind a flag only, or not at all. */
const accepts = (bytes: Bytes): boolean => WebAssembly.validate(bytes)

describe('every byte in the place of', () => {
  it.each(places)('%s', async (_name, at, known) => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = at(byte)
      const judgement = accepts(bytes) ? await judge.full(bytes, new Random(1)) : judge.quick(bytes)
      expect(judgement.finding, `byte 0x${byte.toString(16)}`).toBeUndefined()
    }
    expect(known.filter((byte) => !accepts(at(byte)))).toEqual([])
  })
})

describe('constants', () => {
  const global = (type: readonly number[], ...expression: number[]): Bytes =>
    module({
      ...base,
      import: [1, 1, 0x6d, 1, 0x67, 3, 0x7f, 0],
      global: [1, ...type, 1, ...expression, 0x0b],
      export: [1, 1, 0x67, 3, 1],
      element: [1, 3, 0, 1, 0],
    })
  const constants: [string, Bytes][] = [
    ['i32.const', global([0x7f], 0x41, 5)],
    ['i64.const', global([0x7e], 0x42, 5)],
    ['f32.const', global([0x7d], 0x43, 0, 0, 0x80, 0x3f)],
    ['f64.const', global([0x7c], 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f)],
    ['v128.const', global([0x7b], 0xfd, 12, ...Array<number>(16).fill(7))],
    ['ref.null', global([0x6f], 0xd0, 0x6f)],
    ['ref.func', global([0x70], 0xd2, 0)],
    ['global.get', global([0x7f], 0x23, 0)],
    ['extended, i32', global([0x7f], 0x23, 0, 0x41, 3, 0x6c, 0x41, 1, 0x6a, 0x41, 2, 0x6b)],
    ['extended, i64', global([0x7e], 0x42, 3, 0x42, 1, 0x7c, 0x42, 2, 0x7e, 0x42, 5, 0x7d)],
    ['struct.new', global([0x63, 1], 0x41, 5, 0xfb, 0, 1)],
    ['struct.new_default', global([0x63, 1], 0xfb, 1, 1)],
    ['array.new', global([0x63, 2], 0x41, 5, 0x41, 3, 0xfb, 6, 2)],
    ['array.new_default', global([0x63, 2], 0x41, 3, 0xfb, 7, 2)],
    ['array.new_fixed', global([0x63, 2], 0x41, 5, 0x41, 3, 0xfb, 8, 2, 2)],
    ['ref.i31', global([0x6c], 0x41, 5, 0xfb, 0x1c)],
    ['any.convert_extern', global([0x6e], 0xd0, 0x6f, 0xfb, 0x1a)],
    ['extern.convert_any', global([0x6f], 0x41, 5, 0xfb, 0x1c, 0xfb, 0x1b)],
    [
      'at the offset of a segment',
      module({ ...base, data: [1, 0, 0x41, 3, 0x41, 2, 0x6c, 0x0b, 1, 0x61], export: [1, 1, 0x6d, 2, 0] }),
    ],
    [
      'as the initial value of a table',
      module({
        ...base,
        table: [1, 0x40, 0, 0x70, 0, 3, 0xd2, 0, 0x0b],
        element: [1, 3, 0, 1, 0],
        export: [1, 1, 0x74, 1, 0],
      }),
    ],
  ]
  it.each(constants)('%s', async (_name, bytes) => {
    expect(accepts(bytes)).toBe(true)
    const { outcome, finding } = await judge.full(bytes, new Random(1))
    expect(finding).toBeUndefined()
    expect(outcome).toBe('run')
  })
})
