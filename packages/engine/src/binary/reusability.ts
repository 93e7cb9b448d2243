/**
 * Whether a live instance can serve another use once its memory and globals are back at their baseline, and if not,
 * why: then each use gets a fresh instance on the slot, which is exact for every module.
 */
import { functionsLeave } from './leaving-functions.ts'
import type { CodeScan } from './scan-code.ts'
import type { ModuleStructure } from './module-structure.ts'

/** Why every use needs a fresh instance. */
export type FreshReason =
  | 'no memory'
  | 'imports a table'
  | 'code changes tables'
  | 'code drops segments'
  | 'code changes GC objects'
  | 'exports a tag'
  | 'functions can leave unseen'

export function freshReason(structure: ModuleStructure, scan: CodeScan): FreshReason | undefined {
  // Without a memory there is no slot to keep an instance in.
  if (structure.memories.length === 0) return 'no memory'
  // Instantiation writes element segments into the caller's own table each time.
  if (structure.tables.some((table) => table.imported)) return 'imports a table'
  if (functionsLeave(structure)) return 'functions can leave unseen'
  if (scan.changesTables) return 'code changes tables'
  if (scan.dropsSegments) return 'code drops segments'
  if (scan.changesObjects) return 'code changes GC objects'
  // Each instance has its own tag: an exception of one use must not be caught by another.
  return structure.exports.some(({ kind }) => kind === 'tag') ? 'exports a tag' : undefined
}

/** The module's own globals that its code or, exported, its host can change. */
export function resettableGlobals(structure: ModuleStructure, scan: CodeScan): number[] {
  const exported = new Set(
    structure.exports.filter(({ kind }) => kind === 'global').map(({ index }) => index),
  )
  return structure.globals.flatMap(({ mutable, imported }, index) =>
    mutable && !imported && (scan.globalsSet.has(index) || exported.has(index)) ? [index] : [],
  )
}
