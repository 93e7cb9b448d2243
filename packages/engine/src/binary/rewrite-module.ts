/**
 * Writes the module anew so that it runs on a slot: by appending only, so that no index shifts anywhere.
 *
 *   types      + the helpers' types
 *   imports    memories without their maximum (the slot's capacity is the real one)   + every defined memory
 *   functions  + helpers            tables  + the grow table          memory section   gone
 *   globals    + logical sizes, + offsets of data segments that depend on imports
 *   exports    + those, + the start function, under a hidden prefix    start section    gone
 *   code       memory.size -> global.get, others -> call helper        + the helpers' bodies
 *   data       active segments -> empty passive ones (the image has their bytes, their index stays); none where no
 *              instruction can refer to them
 *
 * A memory keeps its declared minimum: V8 leaves accesses below it unprotected, and the logical size never is less.
 */
import type { AppendedIndices, Helper } from './helper-functions.ts'
import { helperBody, helperSignature } from './helper-functions.ts'
import type { CodeScan } from './scan-code.ts'
import type { ModuleStructure, Range, Section } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { Reader } from './reader.ts'
import { valueTypeCode } from './types.ts'
import { Writer, u32Size } from './writer.ts'

/** How many function bodies are written between two yields. */
const sliceBodies = 512

const resetHelper: Helper = { kind: 'reset', memory: 0, second: 0, opcode: 0, offset: 0n }

/** The module name of the imports that the rewrite appends. */
export const hiddenModule = '\u0000warmslot'

/** Names of hidden exports and imports, each behind the module's own prefix. */
export const hiddenName = {
  size: (memory: number): string => `s${memory}`,
  offset: (segment: number): string => `o${segment}`,
  memory: (memory: number): string => `m${memory}`,
  growTable: 'g',
  start: 'i',
  reset: 'r',
} as const

export interface Rewritten {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** No export of the module begins with it; every hidden one does. */
  readonly prefix: string
  /** Whether the grow table was appended. */
  readonly grows: boolean
  /** Whether the reset function was appended. */
  readonly resets: boolean
}

const known: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

/**
 * `dynamicSegments`: the active segments whose offset is read from an appended global. `resettable`: the globals of the
 * module that the appended reset function sets back, with the logical sizes; undefined: no such function is wanted.
 */
export function* rewriteModule(
  structure: ModuleStructure,
  scan: CodeScan,
  dynamicSegments: readonly number[],
  resettable: readonly number[] | undefined,
): Generator<void, Rewritten> {
  const rewrite = new Rewrite(structure, scan, dynamicSegments, resettable)
  const output = new Writer(structure.bytes.length + 4096)
  output.bytes(structure.bytes.subarray(0, 8))
  let place = 0
  for (const section of structure.sections) {
    if (section.id === sectionId.custom) {
      output.bytes(structure.bytes.subarray(section.whole.start, section.whole.end))
      continue
    }
    const next = known.indexOf(section.id)
    while (place < next) yield* rewrite.section(known[place++]!, undefined, output)
    place = next + 1
    yield* rewrite.section(section.id, section, output)
    yield
  }
  while (place < known.length) yield* rewrite.section(known[place++]!, undefined, output)
  return { bytes: output.written, prefix: rewrite.prefix, grows: rewrite.grows, resets: rewrite.resets }
}

class Rewrite implements AppendedIndices {
  readonly #structure: ModuleStructure
  readonly #scan: CodeScan
  readonly #dynamicSegments: readonly number[]
  readonly #sizeGlobals: number[] = []
  readonly #helpers: readonly Helper[]
  readonly #resettable: readonly number[]
  readonly resets: boolean
  readonly grows: boolean
  readonly prefix: string
  readonly growTable: number
  /** The helpers' types are appended in the order of the helpers, one each; V8 makes equal ones the same type. */
  readonly growType: number

  constructor(
    structure: ModuleStructure,
    scan: CodeScan,
    dynamicSegments: readonly number[],
    resettable: readonly number[] | undefined,
  ) {
    this.#structure = structure
    this.#scan = scan
    this.#dynamicSegments = dynamicSegments
    this.grows = scan.helpers.some((helper) => helper.kind === 'grow')
    this.growTable = structure.tables.length
    this.growType = structure.types.length + scan.helpers.findIndex((helper) => helper.kind === 'grow')
    let global = structure.globals.length
    for (const used of scan.memoriesUsed) this.#sizeGlobals.push(used ? global++ : -1)
    this.#resettable = resettable ?? []
    this.resets = resettable !== undefined && (resettable.length > 0 || scan.memoriesUsed.includes(true))
    this.#helpers = this.resets ? [...scan.helpers, resetHelper] : scan.helpers
    let prefix = '\u0000'
    while (structure.exports.some((entry) => entry.name.startsWith(prefix))) prefix += '\u0000'
    this.prefix = prefix
  }

  sizeGlobal(memory: number): number {
    return this.#sizeGlobals[memory]!
  }

  maximumBytes(memory: number): number {
    return (this.#structure.memories[memory]!.limits.maximum ?? 65_536) * 65_536
  }

  get resetGlobals(): [global: number, expression: Uint8Array][] {
    const { globals, memories } = this.#structure
    const own = this.#resettable.map((global): [number, Uint8Array] => [
      global,
      this.#range(globals[global]!.initial!),
    ])
    const sizes = this.#sizeGlobals.flatMap((global, memory): [number, Uint8Array][] =>
      global < 0 ? [] : [[global, constantPages(memories[memory]!.limits.minimum)]],
    )
    return [...own, ...sizes]
  }

  /** Writes one section; `original` is undefined where the module has none of this id. */
  *section(id: number, original: Section | undefined, output: Writer): Generator<void> {
    if (id === sectionId.code) yield* this.#code(original, output)
    else this.#shortSection(id, original, output)
  }

  #shortSection(id: number, original: Section | undefined, output: Writer): void {
    switch (id) {
      case sectionId.type:
        return this.#appended(id, original, output, this.#helpers.length, (to) => {
          for (const helper of this.#helpers) {
            const { parameters, results } = helperSignature(helper)
            to.byte(0x60)
              .u32(parameters.length)
              .byte(...parameters)
              .u32(results.length)
              .byte(...results)
          }
        })
      case sectionId.import:
        return this.#imports(output)
      case sectionId.function:
        return this.#appended(id, original, output, this.#helpers.length, (to) => {
          for (let helper = 0; helper < this.#helpers.length; helper++) {
            to.u32(this.#structure.types.length + helper)
          }
        })
      case sectionId.table: {
        const entries = this.#structure.memories.length
        return this.#appended(id, original, output, this.grows ? 1 : 0, (to) => {
          to.byte(0x70, 0x01).u32(entries).u32(entries)
        })
      }
      case sectionId.memory:
      case sectionId.start:
        return
      case sectionId.global:
        return this.#globals(original, output)
      case sectionId.export:
        return this.#exports(original, output)
      case sectionId.data:
        return this.#data(output, original)
      default:
        if (original) this.#copy(original, output)
    }
  }

  #copy(section: Section, output: Writer): void {
    output.bytes(this.#range(section.whole))
  }

  #range(range: Range): Uint8Array {
    return this.#structure.bytes.subarray(range.start, range.end)
  }

  /** A section with `added` entries behind the original ones. */
  #appended(
    id: number,
    original: Section | undefined,
    output: Writer,
    added: number,
    append: (to: Writer) => void,
  ): void {
    if (added === 0) {
      if (original) this.#copy(original, output)
      return
    }
    const { start, end } = original?.contents ?? { start: 0, end: 0 }
    const contents = new Writer(end - start + 256)
    const reader = new Reader(this.#structure.bytes, start, end)
    const entries = original ? reader.u32() : 0
    contents.u32(entries + added)
    if (original) contents.bytes(this.#range({ start: reader.position, end }))
    append(contents)
    output.section(id, contents)
  }

  #imports(output: Writer): void {
    const { imports, memories } = this.#structure
    const defined = memories.flatMap((memory, index) => (memory.imported ? [] : [index]))
    if (imports.length + defined.length === 0) return
    const contents = new Writer().u32(imports.length + defined.length)
    for (const entry of imports) {
      if (entry.kind === 'memory') {
        contents.name(entry.module).name(entry.name)
        this.#memoryType(entry.index, contents)
      } else contents.bytes(this.#range(entry.range))
    }
    for (const index of defined) {
      contents.name(hiddenModule).name(hiddenName.memory(index))
      this.#memoryType(index, contents)
    }
    output.section(sectionId.import, contents)
  }

  #memoryType(index: number, to: Writer): void {
    to.byte(0x02, 0x00).u32(this.#structure.memories[index]!.limits.minimum)
  }

  #globals(original: Section | undefined, output: Writer): void {
    const sizes = this.#sizeGlobals.flatMap((global, memory) => (global < 0 ? [] : [memory]))
    const added = sizes.length + this.#dynamicSegments.length
    this.#appended(sectionId.global, original, output, added, (to) => {
      for (const memory of sizes) {
        const pages = this.#structure.memories[memory]!.limits.minimum
        to.byte(valueTypeCode.i32, 0x01).bytes(constantPages(pages))
      }
      for (const segment of this.#dynamicSegments) {
        to.byte(valueTypeCode.i32, 0x00).bytes(this.#range(this.#structure.data[segment]!.offset!))
      }
    })
  }

  #exports(original: Section | undefined, output: Writer): void {
    const entries: [name: string, kind: number, index: number][] = []
    for (const [memory, global] of this.#sizeGlobals.entries()) {
      if (global >= 0) entries.push([hiddenName.size(memory), 0x03, global])
    }
    const firstOffset = this.#structure.globals.length + entries.length
    for (const [place, segment] of this.#dynamicSegments.entries()) {
      entries.push([hiddenName.offset(segment), 0x03, firstOffset + place])
    }
    if (this.resets)
      entries.push([hiddenName.reset, 0x00, this.#structure.functionTypes.length + this.#helpers.length - 1])
    if (this.grows) entries.push([hiddenName.growTable, 0x01, this.growTable])
    if (this.#structure.start !== undefined) entries.push([hiddenName.start, 0x00, this.#structure.start])
    this.#appended(sectionId.export, original, output, entries.length, (to) => {
      for (const [name, kind, index] of entries)
        to.name(this.prefix + name)
          .byte(kind)
          .u32(index)
    })
  }

  *#code(original: Section | undefined, output: Writer): Generator<void> {
    const { patches } = this.#scan
    const helpers = this.#helpers
    if (patches.length === 0) {
      return this.#appended(sectionId.code, original, output, helpers.length, (to) => this.#helperBodies(to))
    }
    const section = original!
    const reader = new Reader(this.#structure.bytes, section.contents.start, section.contents.end)
    const contents = new Writer(section.contents.end - section.contents.start + patches.length * 2 + 1024)
    const bodies = reader.u32()
    contents.u32(bodies + helpers.length)
    let copied = reader.position // everything before it is written
    let patch = 0
    for (let body = 0; body < bodies && patch < patches.length; body++) {
      if (body % sliceBodies === 0) yield
      const head = reader.position
      const size = reader.u32()
      const start = reader.position
      reader.skip(size)
      if (patches[patch]! >= reader.position) continue
      contents.bytes(this.#range({ start: copied, end: head }))
      const last = this.#patchesUntil(patch, reader.position)
      contents.u32(size + this.#growth(patch, last))
      copied = start
      for (; patch < last; patch += 3) {
        contents.bytes(this.#range({ start: copied, end: patches[patch]! }))
        this.#replacement(patches[patch + 2]!, contents)
        copied = patches[patch + 1]!
      }
    }
    contents.bytes(this.#range({ start: copied, end: section.contents.end }))
    this.#helperBodies(contents)
    output.section(sectionId.code, contents)
  }

  #helperBodies(to: Writer): void {
    for (const helper of this.#helpers) {
      const body = helperBody(helper, this)
      to.u32(body.length).bytes(body.written)
    }
  }

  #patchesUntil(patch: number, end: number): number {
    const { patches } = this.#scan
    let last = patch
    while (last < patches.length && patches[last]! < end) last += 3
    return last
  }

  /** By how many bytes the patches `[from, to)` lengthen their body. */
  #growth(from: number, to: number): number {
    const { patches } = this.#scan
    let growth = 0
    for (let patch = from; patch < to; patch += 3) {
      growth += 1 + u32Size(this.#target(patches[patch + 2]!)) - (patches[patch + 1]! - patches[patch]!)
    }
    return growth
  }

  #target(replacement: number): number {
    return replacement < 0
      ? this.#sizeGlobals[-1 - replacement]!
      : this.#structure.functionTypes.length + replacement
  }

  #replacement(replacement: number, to: Writer): void {
    to.byte(replacement < 0 ? 0x23 : 0x10).u32(this.#target(replacement)) // global.get, call
  }

  #data(output: Writer, original: Section | undefined): void {
    const { data, sections } = this.#structure
    // Without a data count no instruction can refer to a segment, and an active one is of no more use.
    if (!original || !sections.some((section) => section.id === sectionId.dataCount)) return
    const contents = new Writer().u32(data.length)
    for (const segment of data) {
      contents.u32(1)
      const bytes = segment.memory === undefined ? this.#range(segment.contents) : new Uint8Array(0)
      contents.u32(bytes.length).bytes(bytes)
    }
    output.section(sectionId.data, contents)
  }
}

/** The constant expression of a size in pages. */
function constantPages(pages: number): Uint8Array {
  return new Writer(8).byte(0x41).s64(BigInt(pages)).byte(0x0b).written
}
