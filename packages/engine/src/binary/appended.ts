/**
 * What the rewrite appends to a module, and which index each thing gets: behind everything that the module has itself.
 */
import type { HeapLimits } from './heap-limits.ts'
import { v8HeapLimits } from './heap-limits.ts'
import type { AppendedIndices, Helper } from './helper-functions.ts'
import type { ModuleStructure, Range } from './module-structure.ts'
import type { CodeScan } from './scan-code.ts'
import type { Limits } from './types.ts'
import { valueTypeCode } from './types.ts'
import { Writer } from './writer.ts'

/** The module name of the imports that the rewrite appends. */
export const hiddenModule = '\u0000warmslot'

/** Names of hidden exports and imports, each behind the module's own prefix. */
export const hiddenName = {
  size: (memory: number): string => `s${memory}`,
  tableSize: (table: number): string => `t${table}`,
  offset: (segment: number): string => `o${segment}`,
  memory: (memory: number): string => `m${memory}`,
  control: 'c',
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
  readonly heapLimits: HeapLimits
  /** Where the code gets checks of deadlines, in ascending order; `undefined`: nowhere. */
  readonly checks?: readonly number[] | undefined
}

/** A global with a logical size. */
export interface SizeGlobal {
  readonly type: number
  /** Its initial expression. */
  readonly initial: Uint8Array
}

/** What V8 allows a 64-bit memory at most, in pages: 16 GiB. It refuses modules that declare more. */
const mostPages64 = 262_144

/** The kinds of exports, as their bytes in the binary. */
const functionKind = 0x00
const tableKind = 0x01
const globalKind = 0x03

const resetHelper: Helper = { kind: 'reset' }

export class Appended implements AppendedIndices {
  readonly #structure: ModuleStructure
  readonly #options: RewriteOptions
  readonly helpers: readonly Helper[]
  /** The memories whose logical size the code asks for: each has a global. */
  readonly sizedMemories: readonly number[]
  /** The tables with a logical size: each has a global. */
  readonly sizedTables: readonly number[]
  readonly grows: boolean
  /** The tables that may not become as large as the module says, with what they may: by index, in ascending order. */
  readonly limitedTables: ReadonlyMap<number, number>
  readonly resets: boolean
  /** Where checks of deadlines are inserted; with any, the control memory is imported behind the module's memories. */
  readonly checks: readonly number[]
  /** No export of the module begins with it; every hidden one does. */
  readonly prefix: string
  /** The places in those lists, by number: there can be a hundred thousand tables. */
  readonly #memoryPlaces: ReadonlyMap<number, number>
  readonly #tablePlaces: ReadonlyMap<number, number>

  constructor(structure: ModuleStructure, scan: CodeScan, options: RewriteOptions) {
    this.#structure = structure
    this.#options = options
    this.sizedMemories = scan.memoriesUsed.flatMap((used, memory) => (used ? [memory] : []))
    this.sizedTables = scan.tablesUsed.flatMap((used, table) => (used ? [table] : []))
    this.grows = scan.helpers.some((helper) => helper.kind === 'grow')
    this.resets =
      options.resettable !== undefined &&
      options.resettable.length + this.sizedMemories.length + this.sizedTables.length > 0
    this.limitedTables = tablesBeyond(structure, options.heapLimits)
    this.checks = options.checks ?? []
    this.helpers = this.resets ? [...scan.helpers, resetHelper] : scan.helpers
    this.prefix = '\u0000'.repeat(1 + mostLeadingZeros(structure))
    this.#memoryPlaces = places(this.sizedMemories)
    this.#tablePlaces = places(this.sizedTables)
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

  /** Behind the helpers' types: a helper for a 64-bit memory has another one. */
  get growType(): number {
    return this.helperType(this.helpers.length)
  }

  get controlMemory(): number {
    return this.#structure.memories.length
  }

  sizeGlobal(memory: number): number {
    return this.#structure.globals.length + (this.#memoryPlaces.get(memory) ?? 0)
  }

  maximumBytes(memory: number): number {
    const { is64, maximum = Infinity } = this.#structure.memories[memory]!.limits
    return Math.min(maximum, is64 ? mostPages64 : 65_536) * 65_536
  }

  /** The global of a logical size by the scan's number: memories come first, then tables. */
  replacementGlobal(number: number): number {
    const { memories } = this.#structure
    return number < memories.length ? this.sizeGlobal(number) : this.tableSizeGlobal(number - memories.length)
  }

  tableSizeGlobal(table: number): number {
    return this.#structure.globals.length + this.sizedMemories.length + (this.#tablePlaces.get(table) ?? 0)
  }

  maximumEntries(table: number): number {
    const maximum = this.limitedTables.get(table) ?? this.#structure.tables[table]!.limits.maximum
    return Math.min(maximum ?? 0xffff_ffff, 0xffff_ffff)
  }

  /** The globals with logical sizes, in the order of their indices. */
  get sizeGlobals(): readonly SizeGlobal[] {
    const { memories, tables } = this.#structure
    return [
      ...this.sizedMemories.map((memory) => sizeGlobal(memories[memory]!.limits)),
      ...this.sizedTables.map((table) => sizeGlobal(tables[table]!.limits)),
    ]
  }

  get resetGlobals(): (readonly [global: number, expression: Uint8Array])[] {
    const { bytes, globals } = this.#structure
    const expression = ({ start, end }: Range): Uint8Array => bytes.subarray(start, end)
    return [
      ...(this.#options.resettable ?? []).map(
        (global) => [global, expression(globals[global]!.initial!)] as const,
      ),
      ...this.sizeGlobals.map(({ initial }, place) => [globals.length + place, initial] as const),
    ]
  }

  /** The hidden exports, without their prefix. */
  get exports(): (readonly [name: string, kind: number, index: number])[] {
    const { dynamicSegments } = this.#options
    const firstOffset = this.#structure.globals.length + this.sizeGlobals.length
    const exported = new Set(
      this.#structure.exports.filter(({ kind }) => kind === 'table').map(({ index }) => index),
    )
    return [
      ...this.sizedMemories.map(
        (memory) => [hiddenName.size(memory), globalKind, this.sizeGlobal(memory)] as const,
      ),
      ...this.sizedTables
        .filter((table) => exported.has(table))
        .map((table) => [hiddenName.tableSize(table), globalKind, this.tableSizeGlobal(table)] as const),
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

function sizeGlobal({ minimum, is64 }: Limits): SizeGlobal {
  const [type, opcode, value] = is64
    ? [valueTypeCode.i64, 0x42, minimum]
    : [valueTypeCode.i32, 0x41, minimum | 0]
  return { type, initial: new Writer(8).byte(opcode).s64(BigInt(value)).byte(0x0b).written }
}

function tablesBeyond({ tables }: ModuleStructure, { maxTableElements }: HeapLimits): Map<number, number> {
  const beyond = new Map<number, number>()
  // V8 has its own limit in any case.
  if (maxTableElements >= v8HeapLimits.maxTableElements) return beyond
  for (const [table, { limits, imported }] of tables.entries())
    if (!imported && (limits.maximum ?? Infinity) > maxTableElements) beyond.set(table, maxTableElements)
  return beyond
}

function places(list: readonly number[]): Map<number, number> {
  return new Map(list.map((number, place) => [number, place]))
}

/** How many characters U+0000 an export's name begins with, at most. */
export function mostLeadingZeros({ exports }: ModuleStructure): number {
  let most = 0
  for (const { name } of exports) {
    let zeros = 0
    while (name.charCodeAt(zeros) === 0) zeros++
    most = Math.max(most, zeros)
  }
  return most
}
