/**
 * A WebAssembly module taken apart: what the engine needs of its sections, and where their bytes lie.
 *
 * Nothing is copied; ranges point into the original bytes. Source: WebAssembly core specification 3.0, section 5.5.
 */
import type { DefinedType, Limits, ValueType } from './types.ts'

export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const

/** The order that the specification prescribes for known sections. */
export const sectionOrder: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

/** `[start, end)` in the module's bytes. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface Section {
  readonly id: number
  /** From the section's id to its end. */
  readonly whole: Range
  readonly contents: Range
}

export type ExternalKind = 'function' | 'table' | 'memory' | 'global' | 'tag'

export interface ImportEntry {
  readonly module: string
  readonly name: string
  readonly kind: ExternalKind
  /** Its index in the index space of its kind. */
  readonly index: number
  /** The entry's bytes. */
  readonly range: Range
}

export interface ExportEntry {
  readonly name: string
  readonly kind: ExternalKind
  readonly index: number
}

export interface GlobalType {
  readonly type: ValueType
  readonly mutable: boolean
  readonly imported: boolean
  /** Its initial expression with its `end`, where the module defines it. */
  readonly initial?: Range
}

export interface TableType {
  readonly type: ValueType
  readonly limits: Limits
  /** The limits' bytes, where the module defines it. */
  readonly limitsRange?: Range
  readonly imported: boolean
  /** Whether it has an initial expression of its own; without one it starts with nulls. */
  readonly initialised: boolean
}

export interface MemoryType {
  readonly limits: Limits
  readonly imported: boolean
}

/** A data segment; a passive one has no memory. */
export interface DataSegment {
  readonly memory: number | undefined
  /** The constant expression of its offset with its `end`, where it is active. */
  readonly offset: Range | undefined
  readonly contents: Range
}

/** An array that a constant expression makes, other than of listed elements. */
export interface ConstantArray {
  readonly type: number
  /** Where it stands there as a constant. */
  readonly length: number | undefined
}

export interface ModuleStructure {
  readonly bytes: Uint8Array
  readonly sections: readonly Section[]
  readonly types: readonly DefinedType[]
  readonly imports: readonly ImportEntry[]
  readonly exports: readonly ExportEntry[]
  /** The type index of every function, imported ones first. */
  readonly functionTypes: readonly number[]
  readonly importedFunctions: number
  readonly tables: readonly TableType[]
  readonly memories: readonly MemoryType[]
  readonly globals: readonly GlobalType[]
  /** The type index of every tag, imported ones first. */
  readonly tagTypes: readonly number[]
  readonly start: number | undefined
  /** The tables that active element segments write into. */
  readonly filledTables: ReadonlySet<number>
  /** How many entries the longest element segment has, and how many all have together. */
  readonly longestElements: number
  readonly allElements: number
  readonly data: readonly DataSegment[]
  /** Of all constant expressions, in their order. */
  readonly constantArrays: readonly ConstantArray[]
}
