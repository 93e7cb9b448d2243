/** A valid module with something of everything; V8 has the last word, and a few are not. */
import { sectionId } from '../src/binary/module-structure.ts'
import { Writer } from '../src/binary/writer.ts'
import type { Type } from './generated-types.ts'
import { CodeGenerator, constant } from './generate-code.ts'
import type { Shape } from './generate-shape.ts'
import { generateShape } from './generate-shape.ts'
import type { Random } from './random.ts'
import type { Bytes } from './sections.ts'

export function generateModule(random: Random): Bytes {
  const shape = generateShape(random)
  const output = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  const vector = (id: number, entries: readonly Writer[]): void => {
    if (entries.length === 0 && !random.oneIn(10)) return
    const contents = new Writer().u32(entries.length)
    for (const entry of entries) contents.bytes(entry.written)
    output.section(id, contents)
  }
  vector(sectionId.type, typeEntries(random, shape))
  vector(sectionId.import, importEntries(random, shape))
  vector(
    sectionId.function,
    shape.functions.slice(shape.importedFunctions).map((type) => new Writer().u32(type)),
  )
  vector(
    sectionId.table,
    shape.tables.map((type) => new Writer().byte(...type, 1, 4, 12)),
  )
  vector(
    sectionId.memory,
    Array.from({ length: shape.memories - (shape.memoryImported ? 1 : 0) }, () =>
      new Writer().byte(1, random.below(3), 2 + random.below(5)),
    ),
  )
  vector(
    sectionId.tag,
    Array.from({ length: shape.tags }, () => new Writer().byte(0, 0)),
  )
  vector(sectionId.global, globalEntries(random, shape))
  vector(sectionId.export, exportEntries(random, shape))
  const start = shape.functions.indexOf(0)
  if (start >= 0 && random.oneIn(3)) output.section(sectionId.start, new Writer().u32(start))
  vector(sectionId.element, elementEntries(random, shape))
  if (shape.dataSegments > 0) output.section(sectionId.dataCount, new Writer().u32(shape.dataSegments))
  vector(sectionId.code, codeEntries(random, shape))
  vector(sectionId.data, dataEntries(random, shape))
  if (random.oneIn(5)) output.section(0, new Writer().name('name').byte(0, 2, 1, 0x61))
  return output.written.slice()
}

function valueTypes(list: readonly Type[]): Writer {
  return new Writer().u32(list.length).byte(...list.flat())
}

function typeEntries(random: Random, { types, structs }: Shape): Writer[] {
  const entries = types.map(({ parameters, results }, index) => {
    if (!structs.includes(index)) {
      return new Writer().byte(0x60).bytes(valueTypes(parameters).written).bytes(valueTypes(results).written)
    }
    // The second is a subtype of the first, with a packed field and a reference more.
    if (index === structs[0]) return new Writer().byte(0x50, 0, 0x5f, 1, 0x7f, 1)
    return new Writer().byte(0x50, 1, structs[0]!, 0x5f, 3, 0x7f, 1, 0x78, 0, 0x63, structs[0]!, 1)
  })
  if (structs.length === 0 || random.oneIn(2)) return entries
  const [before, one, other, ...after] = entries
  return [before!, new Writer().byte(0x4e, 2).bytes(one!.written).bytes(other!.written), ...after]
}

function importEntries(random: Random, shape: Shape): Writer[] {
  const functions = shape.functions
    .slice(0, shape.importedFunctions)
    .map((type, index) => new Writer().name('m').name(`f${index}`).byte(0).u32(type))
  const globals = shape.globals
    .filter(({ imported }) => imported)
    .map(({ type, mutable }, index) =>
      new Writer()
        .name('m')
        .name(`g${index}`)
        .byte(3, ...type, mutable ? 1 : 0),
    )
  const memory = shape.memoryImported
    ? [
        new Writer()
          .name('m')
          .name('memory')
          .byte(2, 1, 1, 3 + random.below(3)),
      ]
    : []
  return [...functions, ...globals, ...memory]
}

function globalEntries(random: Random, shape: Shape): Writer[] {
  return shape.globals
    .filter(({ imported }) => !imported)
    .map(({ type, mutable }) => {
      const entry = new Writer().byte(...type, mutable ? 1 : 0)
      constant(random, shape, type, entry)
      // Extended constants.
      if (type[0] === 0x7f && random.oneIn(3))
        entry.byte(0x41, random.below(50), random.pick([0x6a, 0x6b, 0x6c]))
      return entry.byte(0x0b)
    })
}

function exportEntries(random: Random, { functions, memories, tables, globals, tags }: Shape): Writer[] {
  const some = (count: number, kind: number, name: string): Writer[] =>
    Array.from({ length: count }, (_, index) =>
      new Writer().name(`${name}${index}`).byte(kind).u32(index),
    ).filter(() => !random.oneIn(4))
  return [
    ...some(functions.length, 0, 'f'),
    ...some(tables.length, 1, 't'),
    ...some(memories, 2, 'm'),
    ...some(globals.length, 3, 'g'),
    ...some(tags, 4, 'e'),
  ]
}

function elementEntries(random: Random, { elementSegments, functions, tables, declared }: Shape): Writer[] {
  const indices = (entry: Writer): Writer => {
    const list = Array.from({ length: random.below(4) }, () => random.below(functions.length))
    entry.u32(list.length)
    for (const index of list) entry.u32(index)
    return entry
  }
  const entries = Array.from({ length: elementSegments }, () => {
    if (random.oneIn(3)) return new Writer().byte(5, 0x70, 2, 0xd0, 0x70, 0x0b, 0xd0, 0x70, 0x0b)
    const table = tables.findIndex((type) => type[0] === 0x70)
    if (table >= 0 && random.oneIn(2)) {
      return indices(new Writer().byte(2).u32(table).byte(0x41, random.below(3), 0x0b, 0))
    }
    return indices(new Writer().byte(1, 0))
  })
  if (!declared) return entries
  const all = new Writer().byte(3, 0).u32(functions.length)
  for (const index of functions.keys()) all.u32(index)
  return [...entries, all]
}

function codeEntries(random: Random, shape: Shape): Writer[] {
  return shape.functions.slice(shape.importedFunctions).map((type, place) => {
    const { parameters, results } = shape.types[type]!
    const extra = Array.from({ length: random.below(4) }, () =>
      random.pick([[0x7f], [0x7e], [0x7b], [0x70], [0x6f]]),
    )
    const body = new Writer().u32(extra.length)
    for (const local of extra) body.byte(1, ...local)
    const code = new CodeGenerator(random, shape, shape.importedFunctions + place, [...parameters, ...extra])
    body.bytes(code.body(results))
    return new Writer().u32(body.length).bytes(body.written)
  })
}

function dataEntries(random: Random, { dataSegments, memories, globals }: Shape): Writer[] {
  return Array.from({ length: dataSegments }, () => {
    const entry = new Writer()
    if (memories === 0 || random.oneIn(3)) entry.byte(1)
    else {
      const memory = random.below(memories)
      if (memory === 0) entry.byte(0)
      else entry.byte(2).u32(memory)
      const global = globals.findIndex(({ type, mutable }) => type[0] === 0x7f && !mutable)
      if (global >= 0 && random.oneIn(3)) entry.byte(0x23).u32(global)
      else entry.byte(0x41).s64(BigInt(random.oneIn(8) ? random.integer() | 0 : random.below(65_000)))
      entry.byte(0x0b)
    }
    const contents = random.bytes(random.below(40))
    return entry.u32(contents.length).byte(...contents)
  })
}
