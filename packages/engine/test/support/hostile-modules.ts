/** Families of modules that grow with n, each in one respect: the analyser's work must grow with them and no faster. */
import { sectionId } from '../../src/binary/module-structure.ts'
import { Writer } from '../../src/binary/writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

interface Section {
  readonly id: number
  readonly contents: Writer
}

function module(...sections: readonly Section[]): Bytes {
  const output = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  for (const { id, contents } of sections) output.section(id, contents)
  return output.written.slice()
}

function many(
  id: keyof typeof sectionId,
  count: number,
  entry: (to: Writer, index: number) => void,
): Section {
  const contents = new Writer().u32(count)
  for (let index = 0; index < count; index++) entry(contents, index)
  return { id: sectionId[id], contents }
}

const types = many('type', 1, (to) => to.byte(0x60, 0, 0))
const wideTypes = many('type', 1, (to) => {
  to.byte(0x60).u32(1000)
  for (let parameter = 0; parameter < 1000; parameter++) to.byte(0x7f)
  to.byte(0)
})
const memory = many('memory', 1, (to) => to.byte(0, 1))
const oneFunction = many('function', 1, (to) => to.byte(0))

/** One function with this body behind its locals, `end` included. */
function code(write: (to: Writer) => void): Section {
  return many('code', 1, (to) => {
    const body = new Writer()
    write(body)
    to.u32(body.length).bytes(body.written)
  })
}

function repeated(count: number, ...bytes: readonly number[]): Section {
  return code((to) => {
    to.byte(0)
    for (let index = 0; index < count; index++) to.byte(...bytes)
    to.byte(0x0b)
  })
}

export const families: Readonly<Record<string, (n: number) => Bytes>> = {
  functions: (n) =>
    module(
      types,
      many('function', n, (to) => to.byte(0)),
      many('code', n, (to) => to.byte(2, 0, 0x0b)),
    ),
  'groups of locals': (n) =>
    module(
      types,
      oneFunction,
      code((to) => {
        to.u32(n)
        for (let group = 0; group < n; group++) to.byte(1, 0x7f)
        to.byte(0x0b)
      }),
    ),
  types: (n) => module(many('type', n, (to) => to.byte(0x60, 2, 0x7f, 0x7e, 1, 0x70))),
  'fields of a struct': (n) =>
    module(
      many('type', 1, (to) => {
        to.byte(0x5f).u32(n)
        for (let field = 0; field < n; field++) to.byte(0x7f, 1)
      }),
    ),
  'types of a recursion group': (n) =>
    module(
      many('type', 1, (to) => {
        to.byte(0x4e).u32(n)
        for (let type = 0; type < n; type++) to.byte(0x50, 0, 0x5f, 1, 0x63, 0, 1)
      }),
    ),
  imports: (n) =>
    module(
      types,
      many('import', n, (to, index) => to.name('m').name(`i${index}`).byte(0, 0)),
    ),
  'imports of functions with many parameters': (n) =>
    module(
      wideTypes,
      many('import', n, (to, index) => to.name('m').name(`i${index}`).byte(0, 0)),
    ),
  exports: (n) =>
    module(
      types,
      oneFunction,
      many('export', n, (to, index) => to.name(`e${index}`).byte(0, 0)),
      repeated(0),
    ),
  'exports of a function with many parameters': (n) =>
    module(
      wideTypes,
      oneFunction,
      many('export', n, (to, index) => to.name(`e${index}`).byte(0, 0)),
      repeated(0),
    ),
  'an export named with zeros': (n) => module(many('export', 1, (to) => to.name('\0'.repeat(n)).byte(0, 0))),
  'exports named with more and more zeros': (n) => {
    const count = Math.floor(Math.sqrt(n))
    return module(many('export', count, (to, index) => to.name('\0'.repeat(index)).byte(0, 0)))
  },
  globals: (n) =>
    module(
      memory,
      many('global', n, (to) => to.byte(0x7f, 1, 0x41, 0, 0x0b)),
      many('export', n, (to, index) => to.name(`g${index}`).byte(3).u32(index)),
    ),
  'tables with a logical size': (n) =>
    module(
      types,
      oneFunction,
      many('table', n, (to) => to.byte(0x6f, 0, 1)),
      memory,
      code((to) => {
        to.byte(0)
        for (let table = 0; table < n; table++) to.byte(0xfc, 16).u32(table).byte(0x1a)
        to.byte(0x0b)
      }),
    ),
  memories: (n) =>
    module(
      types,
      oneFunction,
      many('memory', n, (to) => to.byte(0, 1)),
      code((to) => {
        to.byte(0)
        for (let index = 0; index < n; index++) to.byte(0x41, 0, 0x40).u32(index).byte(0x1a)
        to.byte(0x0b)
      }),
    ),
  tags: (n) =>
    module(
      types,
      many('tag', n, (to) => to.byte(0, 0)),
      many('export', n, (to, i) => to.name(`${i}`).byte(4).u32(i)),
    ),
  'tags with many parameters': (n) =>
    module(
      wideTypes,
      many('tag', n, (to) => to.byte(0, 0)),
      many('export', n, (to, i) => to.name(`${i}`).byte(4).u32(i)),
    ),
  'active data segments': (n) =>
    module(
      memory,
      many('data', n, (to) => to.byte(0, 0x41, 0, 0x0b, 1, 0x61)),
    ),
  'data segments at imported offsets': (n) =>
    module(
      many('import', 1, (to) => to.name('m').name('g').byte(3, 0x7f, 0)),
      memory,
      many('data', n, (to) => to.byte(0, 0x23, 0, 0x0b, 1, 0x61)),
    ),
  'element segments': (n) =>
    module(
      many('table', 1, (to) => to.byte(0x70, 0, 1)),
      many('element', n, (to) => to.byte(0, 0x41, 0, 0x0b, 1, 0)),
    ),
  'entries of an element segment': (n) =>
    module(
      many('element', 1, (to) => {
        to.byte(5, 0x70).u32(n)
        for (let entry = 0; entry < n; entry++) to.byte(0xd2, 0, 0x0b)
      }),
    ),
  'a long constant expression': (n) =>
    module(
      memory,
      many('data', 1, (to) => {
        to.byte(0, 0x41, 0)
        for (let term = 0; term < n; term++) to.byte(0x41, 1, 0x6a)
        to.byte(0x0b, 0)
      }),
    ),
  'nested blocks': (n) =>
    module(
      types,
      oneFunction,
      code((to) => {
        to.byte(0)
        for (let level = 0; level < n; level++) to.byte(0x02, 0x40)
        for (let level = 0; level <= n; level++) to.byte(0x0b)
      }),
    ),
  'labels of a br_table': (n) =>
    module(
      types,
      oneFunction,
      code((to) => {
        to.byte(0, 0x41, 0, 0x0e).u32(n)
        for (let label = 0; label <= n; label++) to.byte(0)
        to.byte(0x0b)
      }),
    ),
  'memory.size': (n) => module(types, oneFunction, memory, repeated(n, 0x3f, 0, 0x1a)),
  'memory.fill': (n) =>
    module(types, oneFunction, memory, repeated(n, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0)),
  'atomics at different offsets': (n) =>
    module(
      types,
      oneFunction,
      memory,
      code((to) => {
        to.byte(0)
        for (let index = 0; index < n; index++)
          to.byte(0x41, 0, 0xfe, 0x10, 2)
            .u32(index * 4)
            .byte(0x1a)
        to.byte(0x0b)
      }),
    ),
  'custom sections': (n) =>
    module(...Array.from({ length: n }, () => ({ id: 0, contents: new Writer().name('x') }))),
}

/** A few bytes that declare 2^32 - 1 of something. */
export const hugeCounts: readonly Bytes[] = [
  ...Object.values(sectionId).map((id) =>
    module({ id, contents: new Writer().u32(2 ** 32 - 1).byte(0x60, 0, 0, 0, 0) }),
  ),
  ...[
    [0x60], // parameters
    [0x60, 0], // results
    [0x5f], // fields
    [0x4e], // types of a recursion group
    [0x50], // supertypes
  ].map((start) =>
    module(
      many('type', 1, (to) =>
        to
          .byte(...start)
          .u32(2 ** 32 - 1)
          .byte(0x7f, 0x7f),
      ),
    ),
  ),
  module(many('import', 1, (to) => to.u32(2 ** 32 - 1).byte(0x61))),
  module(many('export', 1, (to) => to.u32(2 ** 32 - 1).byte(0x61))),
  module(
    many('element', 1, (to) =>
      to
        .byte(1, 0)
        .u32(2 ** 32 - 1)
        .byte(0),
    ),
  ),
  module(
    memory,
    many('data', 1, (to) =>
      to
        .byte(0, 0x41, 0, 0x0b)
        .u32(2 ** 32 - 1)
        .byte(0),
    ),
  ),
  ...[
    [...new Writer().u32(2 ** 32 - 1).written], // groups of locals
    [1, ...new Writer().u32(2 ** 32 - 1).written, 0x7f, 0x0b], // locals
    [0, 0x0e, ...new Writer().u32(2 ** 32 - 1).written, 0], // labels
    [0, 0x1c, ...new Writer().u32(2 ** 32 - 1).written, 0x7f], // types of a select
    [0, 0x1f, 0x40, ...new Writer().u32(2 ** 32 - 1).written, 2], // catches
  ].map((body) =>
    module(
      types,
      oneFunction,
      code((to) => to.byte(...body)),
    ),
  ),
]
