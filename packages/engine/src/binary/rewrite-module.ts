/**
 * Writes the module anew so that it runs on a slot: by appending only, so that no index shifts anywhere.
 *
 *   types      + the helpers' types
 *   imports    memories under hidden names, without their maximum (the slot's capacity is the real one)   + defined ones, + control
 *   functions  + helpers            tables  + the grow table; maxima beyond the limit become it
 *   memory section   gone
 *   globals    + logical sizes, + offsets of data segments that depend on imports
 *   exports    + those, + the start function, under a hidden prefix    start section    gone
 *   code       memory.size -> global.get, others -> call helper        + the helpers' bodies, + checks of deadlines
 *   name       + the helpers' names
 *   data       active segments -> empty passive ones (the image has their bytes, their index stays); none where no
 *              instruction can refer to them
 *
 * A memory keeps its declared minimum: V8 leaves accesses below it unprotected, and the logical size never is less.
 */
import type { RewriteOptions } from './appended.ts'
import type { CodeOffsets } from './code-offsets.ts'
import { CodeOffsetsBuilder } from './code-offsets.ts'
import { Appended, hiddenModule, hiddenName } from './appended.ts'
import { addressType } from './bounds-checks.ts'
import { withChecks } from './deadline-check.ts'
import { helperSignature } from './helper-functions.ts'
import type { NameEdits } from './helper-name-section.ts'
import { HelperNameSection } from './helper-name-section.ts'
import type { ModuleStructure, Range, Section } from './module-structure.ts'
import { sectionId, sectionOrder } from './module-structure.ts'
import { Reader } from './reader.ts'
import { rewriteCode, writeHelperBodies } from './rewrite-code.ts'
import type { CodeScan } from './scan-code.ts'
import { valueTypeCode } from './types.ts'
import { writeLimits, writeResultType } from './write-types.ts'
import { Writer } from './writer.ts'

export interface Rewritten {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly appended: Appended
  readonly codeOffsets: CodeOffsets
  readonly nameEdits: NameEdits
}

export function* rewriteModule(
  structure: ModuleStructure,
  scan: CodeScan,
  options: RewriteOptions,
): Generator<void, Rewritten> {
  const appended = new Appended(structure, scan, options)
  const patches = withChecks(scan.patches, appended.checks)
  const rewrite = new Rewrite(structure, appended, options)
  const names = new HelperNameSection(structure, appended)
  let codeOffsets = new CodeOffsetsBuilder().build(0, 0)
  // Room for what patches add as well: a check is 12 bytes long or so, and of a patch there are three numbers.
  const output = new Writer(structure.bytes.length + 4 * patches.length + 4096)
  output.bytes(structure.bytes.subarray(0, 8))
  let place = 0
  for (const section of structure.sections) {
    if (section.id === sectionId.custom) {
      yield* names.custom(section, output)
      continue
    }
    const next = sectionOrder.indexOf(section.id)
    while (place < next) rewrite.section(sectionOrder[place++]!, undefined, output)
    place = next + 1
    if (section.id !== sectionId.code) rewrite.section(section.id, section, output)
    else if (patches.length > 0)
      codeOffsets = yield* rewriteCode(structure, patches, appended, section, output)
    else codeOffsets = rewrite.codeAsItIs(section, output)
    yield
  }
  while (place < sectionOrder.length) rewrite.section(sectionOrder[place++]!, undefined, output)
  names.end(output)
  return { bytes: output.written, appended, codeOffsets, nameEdits: names.edits }
}

class Rewrite {
  readonly #structure: ModuleStructure
  readonly #appended: Appended
  readonly #dynamicSegments: readonly number[]

  constructor(structure: ModuleStructure, appended: Appended, { dynamicSegments }: RewriteOptions) {
    this.#structure = structure
    this.#appended = appended
    this.#dynamicSegments = dynamicSegments
  }

  /** Writes one section; `original` is undefined where the module has none of this id. */
  section(id: number, original: Section | undefined, output: Writer): void {
    const { helpers, grows } = this.#appended
    switch (id) {
      case sectionId.type:
        return this.#extended(id, original, output, helpers.length + (grows ? 1 : 0), (to) =>
          this.#helperTypes(to),
        )
      case sectionId.import:
        return this.#imports(output)
      case sectionId.function:
        return this.#extended(id, original, output, helpers.length, (to) => {
          for (const helper of helpers.keys()) to.u32(this.#appended.helperType(helper))
        })
      case sectionId.table:
        return this.#tables(original, output)
      case sectionId.memory:
      case sectionId.start:
        return
      case sectionId.global:
        return this.#globals(original, output)
      case sectionId.export: {
        const { exports, prefix } = this.#appended
        return this.#extended(id, original, output, exports.length, (to) => {
          for (const [name, kind, index] of exports) {
            to.name(prefix + name)
            to.byte(kind).u32(index)
          }
        })
      }
      case sectionId.code:
        return this.#extended(id, original, output, helpers.length, (to) =>
          writeHelperBodies(this.#appended, to),
        )
      case sectionId.data:
        return this.#data(output, original)
      default:
        if (original) output.bytes(this.#range(original.whole))
    }
  }

  /** The code section without a patch: every body is as it was, the helpers' come behind. */
  codeAsItIs(original: Section, output: Writer): CodeOffsets {
    const helpers = new Writer()
    writeHelperBodies(this.#appended, helpers)
    this.section(sectionId.code, original, output)
    const end = output.length - helpers.length
    const offsets = new CodeOffsetsBuilder()
    const { contents } = original
    // All but the count, which may have grown.
    const count = new Reader(this.#structure.bytes, contents.start, contents.end)
    count.u32()
    offsets.piece(end - (contents.end - count.position), count.position)
    return offsets.build(0, end)
  }

  #range(range: Range): Uint8Array {
    return this.#structure.bytes.subarray(range.start, range.end)
  }

  /** A section with `added` entries behind the original ones. */
  #extended(
    id: number,
    original: Section | undefined,
    output: Writer,
    added: number,
    append: (to: Writer) => void,
    /** Writes the original entries anew; undefined: they are copied. */
    rewrite?: (from: Range, to: Writer) => void,
  ): void {
    if (added === 0 && rewrite === undefined) {
      if (original) output.bytes(this.#range(original.whole))
      return
    }
    const { start, end } = original?.contents ?? { start: 0, end: 0 }
    const contents = new Writer(end - start + 256)
    const reader = new Reader(this.#structure.bytes, start, end)
    const entries = original ? reader.u32() : 0
    contents.u32(entries + added)
    const entriesRange = { start: reader.position, end }
    if (rewrite) rewrite(entriesRange, contents)
    else if (original) contents.bytes(this.#range(entriesRange))
    if (added > 0) append(contents)
    output.section(id, contents)
  }

  #helperTypes(to: Writer): void {
    for (const helper of this.#appended.helpers) {
      const { parameters, results } = helperSignature(helper)
      to.byte(0x60)
      writeResultType(to, parameters)
      writeResultType(to, results)
    }
    if (this.#appended.grows) to.byte(0x60, 1, valueTypeCode.i32, 1, valueTypeCode.i32)
  }

  /** A table that could grow beyond the limit gets it as its maximum; the grow table has an entry for each memory. */
  #tables(original: Section | undefined, output: Writer): void {
    const limited = this.#appended.limitedTables
    const rewrite = ({ start, end }: Range, to: Writer): void => {
      let copied = start
      for (const [table, maximum] of limited) {
        const { limits, limitsRange } = this.#structure.tables[table]!
        to.bytes(this.#range({ start: copied, end: limitsRange!.start }))
        writeLimits(to, { ...limits, maximum })
        copied = limitsRange!.end
      }
      to.bytes(this.#range({ start: copied, end }))
    }
    const append = (to: Writer): void => {
      const entries = this.#structure.memories.length
      to.byte(0x70, 0x01).u32(entries).u32(entries) // funcref, both limits
    }
    const added = this.#appended.grows ? 1 : 0
    this.#extended(sectionId.table, original, output, added, append, limited.size > 0 ? rewrite : undefined)
  }

  #imports(output: Writer): void {
    const { imports, memories } = this.#structure
    const defined = memories.flatMap((memory, index) => (memory.imported ? [] : [index]))
    const checks = this.#appended.checks.length > 0
    const count = imports.length + defined.length + (checks ? 1 : 0)
    if (count === 0) return
    const contents = new Writer().u32(count)
    for (const entry of imports) {
      if (entry.kind === 'memory') this.#memory(entry.index, contents)
      else contents.bytes(this.#range(entry.range))
    }
    for (const index of defined) this.#memory(index, contents)
    // Shared, one page, as its maximum.
    if (checks) contents.name(hiddenModule).name(hiddenName.control).byte(0x02, 0x03, 1, 1)
    output.section(sectionId.import, contents)
  }

  /** All under hidden names: what a module imports twice under one name are two memories to it. */
  #memory(index: number, to: Writer): void {
    const { minimum, is64 } = this.#structure.memories[index]!.limits
    to.name(hiddenModule).name(hiddenName.memory(index))
    to.byte(0x02, is64 ? 0x04 : 0x00).u32(minimum)
  }

  #globals(original: Section | undefined, output: Writer): void {
    const { sizeGlobals } = this.#appended
    const added = sizeGlobals.length + this.#dynamicSegments.length
    this.#extended(sectionId.global, original, output, added, (to) => {
      for (const { type, initial } of sizeGlobals) to.byte(type, 0x01).bytes(initial)
      for (const segment of this.#dynamicSegments) {
        const { memory, offset } = this.#structure.data[segment]!
        const { is64 } = this.#structure.memories[memory!]!.limits
        to.byte(addressType(is64), 0x00).bytes(this.#range(offset!))
      }
    })
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
