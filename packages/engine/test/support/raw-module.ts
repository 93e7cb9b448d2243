/** Modules from bytes, for instructions that the assembler does not know. */
import { Writer } from '../../src/binary/writer.ts'

export interface RawModule {
  /** Entries of the type section, one array each (a recursion group counts as one). */
  readonly types: readonly (readonly number[])[]
  /** Entries of the tag section: type indices. */
  readonly tags?: readonly number[]
  /** Entries of the table and the global section. */
  readonly tables?: readonly (readonly number[])[]
  readonly globals?: readonly (readonly number[])[]
  /** Exported as `f0`, `f1`…: type index, locals and instructions without the last `end`. */
  readonly functions: readonly {
    readonly type: number
    readonly locals?: readonly number[]
    readonly code: readonly number[]
  }[]
  /** Functions declared for `ref.func`. */
  readonly declared?: readonly number[]
  /** Element segments as they are, behind the declared functions. */
  readonly elements?: readonly (readonly number[])[]
  /** Data segments: the first at address 0, the others passive. */
  readonly data?: readonly (readonly number[])[]
}

/** With a memory of one page, exported as `memory`, with room for three. */
export function rawModule({
  types,
  tags = [],
  tables = [],
  globals = [],
  functions,
  declared = [],
  elements = [],
  data = [],
}: RawModule): Uint8Array<ArrayBuffer> {
  const output = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  const vector = (id: number, entries: readonly (readonly number[])[]): void => {
    if (entries.length > 0) output.section(id, new Writer().u32(entries.length).byte(...entries.flat()))
  }
  vector(1, types)
  vector(
    3,
    functions.map(({ type }) => [type]),
  )
  vector(4, tables)
  vector(5, [[1, 1, 3]])
  vector(
    13,
    tags.map((type) => [0, type]),
  )
  vector(6, globals)
  const exports = new Writer()
    .u32(functions.length + 1)
    .name('memory')
    .byte(2, 0)
  for (const index of functions.keys()) exports.name(`f${index}`).byte(0, index)
  output.section(7, exports)
  vector(9, [...(declared.length > 0 ? [[3, 0, declared.length, ...declared]] : []), ...elements])
  if (data.length > 0) output.section(12, new Writer().u32(data.length))
  const code = new Writer().u32(functions.length)
  for (const { locals = [0], code: instructions } of functions) {
    code.u32(locals.length + instructions.length + 1).byte(...locals, ...instructions, 0x0b)
  }
  output.section(10, code)
  if (data.length > 0) {
    const segments = new Writer().u32(data.length)
    for (const [index, contents] of data.entries()) {
      segments
        .byte(...(index === 0 ? [0, 0x41, 0, 0x0b] : [1]))
        .u32(contents.length)
        .byte(...contents)
    }
    output.section(11, segments)
  }
  return output.written.slice()
}
