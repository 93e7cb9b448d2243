/**
 * What the rewrite appends to a module, and which index each thing gets: behind everything that the module has itself.
 */
import type { AppendedIndices, Helper } from './helper-functions.ts'
import type { ModuleStructure, Range } from './module-structure.ts'
import type { CodeScan } from './scan-code.ts'
import { Writer } from './writer.ts'

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

export interface RewriteOptions {
  /** The active segments whose offset is read from an appended global. */
  readonly dynamicSegments: readonly number[]
  /**
   * The module's own globals that the appended reset function sets back, with the logical sizes; `undefined`: no such
   * function is wanted.
   */
  readonly resettable: readonly number[] | undefined
}

/** The kinds of exports, as their bytes in the binary. */
const functionKind = 0x00
const tableKind = 0x01
const globalKind = 0x03

const resetHelper: Helper = { kind: 'reset', memory: 0, second: 0, opcode: 0, offset: 0n }

export class Appended implements AppendedIndices {
  readonly #structure: ModuleStructure
  readonly #options: RewriteOptions
  readonly helpers: readonly Helper[]
  /** The memories whose logical size the code asks for: each has a global. */
  readonly sizedMemories: readonly number[]
  readonly grows: boolean
  readonly resets: boolean
  /** No export of the module begins with it; every hidden one does. */
  readonly prefix: string

  constructor(structure: ModuleStructure, scan: CodeScan, options: RewriteOptions) {
    this.#structure = structure
    this.#options = options
    this.sizedMemories = scan.memoriesUsed.flatMap((used, memory) => (used ? [memory] : []))
    this.grows = scan.helpers.some((helper) => helper.kind === 'grow')
    this.resets =
      options.resettable !== undefined && options.resettable.length + this.sizedMemories.length > 0
    this.helpers = this.resets ? [...scan.helpers, resetHelper] : scan.helpers
    let prefix = '\u0000'
    while (structure.exports.some((entry) => entry.name.startsWith(prefix))) prefix += '\u0000'
    this.prefix = prefix
  }

  helperFunction(helper: number): number {
    return this.#structure.functionTypes.length + helper
  }

  /** The helpers' types are appended in the order of the helpers, one each; V8 makes equal ones the same type. */
  helperType(helper: number): number {
    return this.#structure.types.length + helper
  }

  get growTable(): number {
    return this.#structure.tables.length
  }

  get growType(): number {
    return this.helperType(this.helpers.findIndex((helper) => helper.kind === 'grow'))
  }

  sizeGlobal(memory: number): number {
    return this.#structure.globals.length + this.sizedMemories.indexOf(memory)
  }

  maximumBytes(memory: number): number {
    return (this.#structure.memories[memory]!.limits.maximum ?? 65_536) * 65_536
  }

  /** The logical size at the start of each use, as a constant expression. */
  initialPages(memory: number): Uint8Array {
    return new Writer(8).byte(0x41).s64(BigInt(this.#structure.memories[memory]!.limits.minimum)).byte(0x0b)
      .written
  }

  get resetGlobals(): (readonly [global: number, expression: Uint8Array])[] {
    const { bytes, globals } = this.#structure
    const expression = ({ start, end }: Range): Uint8Array => bytes.subarray(start, end)
    return [
      ...(this.#options.resettable ?? []).map(
        (global) => [global, expression(globals[global]!.initial!)] as const,
      ),
      ...this.sizedMemories.map((memory) => [this.sizeGlobal(memory), this.initialPages(memory)] as const),
    ]
  }

  /** The hidden exports, without their prefix. */
  get exports(): (readonly [name: string, kind: number, index: number])[] {
    const { dynamicSegments } = this.#options
    const firstOffset = this.#structure.globals.length + this.sizedMemories.length
    return [
      ...this.sizedMemories.map(
        (memory) => [hiddenName.size(memory), globalKind, this.sizeGlobal(memory)] as const,
      ),
      ...dynamicSegments.map(
        (segment, place) => [hiddenName.offset(segment), globalKind, firstOffset + place] as const,
      ),
      ...(this.resets
        ? [[hiddenName.reset, functionKind, this.helperFunction(this.helpers.length - 1)] as const]
        : []),
      ...(this.grows ? [[hiddenName.growTable, tableKind, this.growTable] as const] : []),
      ...(this.#structure.start === undefined
        ? []
        : [[hiddenName.start, functionKind, this.#structure.start] as const]),
    ]
  }
}
