/**
 * What a module may take of V8's own heap in one piece: tables, and arrays of the GC proposal.
 *
 * Everything else that code makes there grows with the code that makes it, a few bytes for each byte. These do not: one
 * instruction takes as much as it is told to.
 */
import type { ModuleStructure } from './module-structure.ts'

export interface HeapLimits {
  /** How many tables a module may define. */
  readonly maxTables: number
  /** What each of its tables can grow to, and how long an element segment may be, in entries. */
  readonly maxTableElements: number
  /** How large each of its arrays can be, in bytes; Infinity: as V8 has it. */
  readonly maxArrayBytes: number
}

/** V8's own. */
export const v8HeapLimits: HeapLimits = {
  maxTables: 100_000,
  maxTableElements: 10_000_000,
  maxArrayBytes: Infinity,
}

/** What a rewritten module can take: what an engine with other limits wants to know. */
export interface HeapUse {
  readonly tables: number
  /** Of the table that can become the largest. */
  readonly tableElements: number
  /** Of the longest element segment, and of all of them. */
  readonly segmentElements: number
  readonly allSegmentElements: number
  /** Of its largest array; 0 where it makes none. */
  readonly arrayBytes: number
}

/** Of a module that is rewritten for `limits`, and accepted. */
export function heapUseOf(
  { tables, longestElements, allElements, constantArrays }: ModuleStructure,
  codeMakesArrays: boolean,
  { maxTableElements, maxArrayBytes }: HeapLimits,
): HeapUse {
  const own = tables.filter(({ imported }) => !imported)
  return {
    tables: own.length,
    tableElements: own.reduce(
      (most, { limits: { maximum = Infinity } }) => Math.max(most, Math.min(maximum, maxTableElements)),
      0,
    ),
    segmentElements: longestElements,
    allSegmentElements: allElements,
    arrayBytes: codeMakesArrays || constantArrays.length > 0 ? maxArrayBytes : 0,
  }
}
