/**
 * Names the helpers in the custom section `name`, from which V8 takes the function names of its stack traces. Source:
 * WebAssembly core specification, appendix "Custom Sections and Annotations", name section.
 *
 *   | 0, size, module name | 1, size, count, (index, name)... | 2, size, locals ... |
 *                              ^^^^^^^^^^^ larger             ^ the helpers' entries
 *
 * All else stays as it is. Without a name section one is added at the end; one that is not well-formed is left alone.
 * What was changed is noted, so that the original can be given back from the module that V8 keeps.
 */
import type { Appended } from './appended.ts'
import { helperName } from './helper-names.ts'
import type { ModuleStructure, Section } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { MalformedModuleError, Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** A piece of the written section: what stands there in the place of the `original` bytes. */
export interface NameEdit {
  /** In bytes from the start of the written contents, behind the section's own name. */
  readonly start: number
  readonly end: number
  readonly original: Uint8Array<ArrayBuffer>
}

/** What became of the first name section: `added` where there was none, else how it was changed. */
export type NameEdits = 'added' | readonly NameEdit[]

const functionNames = 1

/** How many names are read between two yields. */
const sliceNames = 8192

export class HelperNameSection {
  readonly #structure: ModuleStructure
  readonly #appended: Appended
  #found = false
  #edits: NameEdits = []

  constructor(structure: ModuleStructure, appended: Appended) {
    this.#structure = structure
    this.#appended = appended
  }

  get edits(): NameEdits {
    return this.#edits
  }

  /** Writes a custom section: with the helpers' names where it is the first name section, else as it is. */
  *custom({ whole, contents }: Section, output: Writer): Generator<void> {
    const { bytes } = this.#structure
    if (!this.#found && this.#appended.helpers.length > 0) {
      try {
        const reader = new Reader(bytes, contents.start, contents.end)
        // V8 reads the first one only.
        this.#found = reader.name() === 'name'
        if (this.#found) {
          yield* this.#extended(bytes.subarray(reader.position, contents.end), output)
          return
        }
      } catch (error) {
        if (!(error instanceof MalformedModuleError)) throw error
      }
    }
    output.bytes(bytes.subarray(whole.start, whole.end))
  }

  /** After the last section. */
  end(output: Writer): void {
    if (this.#found || this.#appended.helpers.length === 0) return
    this.#edits = 'added'
    this.#section(output, this.#subsection())
  }

  #section(output: Writer, ...contents: Uint8Array[]): void {
    const section = new Writer(contents.reduce((sum, { length }) => sum + length, 8)).name('name')
    for (const piece of contents) section.bytes(piece)
    output.section(sectionId.custom, section)
  }

  *#extended(contents: Uint8Array, output: Writer): Generator<void> {
    const { helpers } = this.#appended
    const found = yield* findFunctionNames(contents, this.#appended.helperFunction(0))
    if (typeof found === 'number') {
      const added = this.#subsection()
      this.#edits = [{ start: found, end: found + added.length, original: new Uint8Array(0) }]
      this.#section(output, contents.subarray(0, found), added, contents.subarray(found))
      return
    }
    const { head, names, end, count } = found
    const entries = this.#entries().written
    const counted = new Writer(8).u32(count + helpers.length).written
    const newHead = new Writer(16).u32(counted.length + end - names + entries.length).bytes(counted).written
    const shift = newHead.length - (names - head)
    this.#edits = [
      { start: head, end: names + shift, original: contents.slice(head, names) },
      { start: end + shift, end: end + shift + entries.length, original: new Uint8Array(0) },
    ]
    const pieces = [contents.subarray(0, head), newHead, contents.subarray(names, end), entries]
    this.#section(output, ...pieces, contents.subarray(end))
  }

  #entries(): Writer {
    const entries = new Writer()
    for (const [number, helper] of this.#appended.helpers.entries()) {
      entries.u32(this.#appended.helperFunction(number)).name(helperName(helper))
    }
    return entries
  }

  #subsection(): Uint8Array<ArrayBuffer> {
    const names = new Writer().u32(this.#appended.helpers.length).bytes(this.#entries().written)
    return new Writer().section(functionNames, names).written
  }
}

interface FunctionNames {
  /** Where the subsection's size begins. */
  readonly head: number
  /** Where its first entry begins. */
  readonly names: number
  readonly end: number
  readonly count: number
}

/**
 * The subsection with the functions' names, or where one belongs.
 * @throws MalformedModuleError also where functions are named that the module does not have
 */
function* findFunctionNames(
  contents: Uint8Array,
  functions: number,
): Generator<void, FunctionNames | number> {
  const reader = new Reader(contents)
  let place: number | undefined
  let found: FunctionNames | undefined
  while (!reader.done) {
    const start = reader.position
    const id = reader.byte()
    const head = reader.position
    const size = reader.u32()
    const end = reader.position + size
    if (end > contents.length) reader.fail('name subsection beyond its section')
    if (id > functionNames) place ??= start
    if (id !== functionNames) {
      reader.position = end
      continue
    }
    if (found) reader.fail('function names twice')
    reader.end = end
    const count = reader.count()
    const names = reader.position
    for (let rest = count; rest > 0; rest -= 1) {
      if (reader.u32() >= functions) reader.fail('name of a function that is not there')
      reader.skip(reader.u32())
      if (rest % sliceNames === 0) yield
    }
    if (!reader.done) reader.fail('name subsection has bytes left over')
    reader.end = contents.length
    found = { head, names, end, count }
  }
  return found ?? place ?? contents.length
}

/** Takes the helpers' names out of what V8 has as the first name section. */
export function withoutHelperNames(written: ArrayBuffer, edits: readonly NameEdit[]): ArrayBuffer {
  const original = new Writer(written.byteLength)
  let position = 0
  for (const { start, end, original: bytes } of edits) {
    original.bytes(new Uint8Array(written, position, start - position)).bytes(bytes)
    position = end
  }
  return original.bytes(new Uint8Array(written, position)).written.slice().buffer
}
