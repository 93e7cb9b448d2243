/**
 * One pass from a module's bytes to everything that the engine needs to pool it.
 *
 *   bytes -> parse -> refuse? -> scan the code -> sort the data segments -> rewrite
 *
 * What lasts as long as the module holds no reference to the original bytes; the segments for the image do.
 */
import { hiddenName } from './appended.ts'
import type { HeapUse } from './heap-limits.ts'
import { heapUseOf } from './heap-limits.ts'
import type { CodeOffsets } from './code-offsets.ts'
import type { NameEdits } from './helper-name-section.ts'
import type { ExportEntry, ExternalKind, ModuleStructure } from './module-structure.ts'
import { placeChecks } from './place-checks.ts'
import { parseModule } from './parse-module.ts'
import { MalformedModuleError } from './reader.ts'
import type { FreshReason } from './reusability.ts'
import type { FunctionShape } from './function-shapes.ts'
import { FunctionShapes } from './function-shapes.ts'
import { functionTags, functionsLeave } from './leaving-functions.ts'
import { freshReason, resettableGlobals } from './reusability.ts'
import { rewriteModule } from './rewrite-module.ts'
import type { ScanOptions } from './scan-code.ts'
import { scanCode } from './scan-code.ts'
import type { ImageSegment } from './image-segments.ts'
import type { LateSegment } from './sort-segments.ts'
import { sortSegments } from './sort-segments.ts'
import type { FunctionType } from './types.ts'
import { isFunctionReference, isReference } from './types.ts'

export interface ImportPlan {
  readonly module: string
  readonly name: string
  readonly kind: ExternalKind
  readonly index: number
  /** For functions: its shape. For tables and globals: whether it holds functions. */
  readonly carriesFunctions: boolean
  /** For functions. */
  readonly shape: FunctionShape | undefined
  /** Whether references can flow through it to the instance that exports it, functions among them. */
  readonly flowsBack: boolean
}

export interface MemoryPlan {
  readonly initialPages: number
  readonly maximumPages: number | undefined
  /** Whether its addresses are i64 (memory64). */
  readonly is64: boolean
  /** Whether the module imports it, under names of its own, or defines it: then under a hidden name. */
  readonly imported: boolean
  readonly hiddenImport: string
  /** The hidden export of its logical size, where the code asks for it. */
  readonly sizeGlobal: string | undefined
}

export interface TablePlan {
  readonly sizeGlobal: string
  readonly maximumEntries: number
}

/** What the analysis leaves behind; the segments still hold the original's bytes. */
export interface AnalysedModule {
  readonly analysis: ModuleAnalysis
  readonly rewritten: Uint8Array<ArrayBuffer>
  readonly imageSegments: readonly ImageSegment[]
}

/** What lasts as long as the module. */
export interface ModuleAnalysis {
  readonly imports: readonly ImportPlan[]
  readonly exports: readonly ExportEntry[]
  readonly functionShapes: FunctionShapes
  /** Imported tables and globals come first in their index spaces. */
  readonly importedTables: number
  readonly importedGlobals: number
  readonly importedTags: number
  /** Per exported table with a logical size: the hidden export of that, and the greatest size in entries. */
  readonly sizedTables: ReadonlyMap<number, TablePlan>
  /** The globals and the tables that hold functions, by index. */
  readonly functionGlobals: ReadonlySet<number>
  readonly functionTables: ReadonlySet<number>
  /** Per imported or exported tag whose exceptions hold functions: the number of its import, or the name of its export. */
  readonly functionTags: readonly (number | string)[]
  readonly memories: readonly MemoryPlan[]
  readonly importsMemory: boolean
  readonly lateSegments: readonly LateSegment[]
  /** The segments of imported memories that are in the images: applied where the memory is another instance's. */
  readonly linkSegments: readonly LateSegment[]
  /** Begins the name of every hidden export. */
  readonly prefix: string
  /** The hidden export with the table of grow functions, where the code grows a memory. */
  readonly growTable: string | undefined
  /** The hidden export of the start function. */
  readonly start: string | undefined
  /** The hidden export of the function that sets changed globals back, where there are any. */
  readonly reset: string | undefined
  /** Why an instance cannot serve a second use; `undefined` when it can. */
  readonly freshReason: FreshReason | undefined
  /** Whether each use may leave raw functions with the caller, out of the engine's sight. */
  readonly functionsLeave: boolean
  readonly codeOffsets: CodeOffsets
  readonly nameEdits: NameEdits
  /** Whether the code reads the control memory, and imports it. */
  readonly checksDeadlines: boolean
  /** What it can take of V8's heap. */
  readonly heapUse: HeapUse
}

export interface AnalysisOptions extends ScanOptions {
  /** Whether the code gets checks of deadlines. */
  readonly deadlines: boolean
  /** How many exports are shown: the first. @default all */
  readonly ownExports?: number
}

/** Says why a module cannot be pooled; `undefined` when it can. */
export type Refusal = (structure: ModuleStructure) => void

export function* analyseModule(
  bytes: Uint8Array,
  refuse: Refusal,
  options: AnalysisOptions,
): Generator<void, AnalysedModule> {
  const structure = yield* parseModule(bytes)
  refuse(structure)
  checkStart(structure)
  yield
  const scan = yield* scanCode(structure, options)
  const checks = options.deadlines ? yield* placeChecks(structure) : undefined
  const { imageSegments, lateSegments, linkSegments, dynamic } = yield* sortSegments(structure)
  yield
  const fresh = freshReason(structure, scan)
  const resettable = fresh === undefined ? resettableGlobals(structure, scan) : undefined
  const {
    bytes: rewritten,
    appended,
    codeOffsets,
    nameEdits,
  } = yield* rewriteModule(structure, scan, {
    dynamicSegments: dynamic,
    resettable,
    heapLimits: options.heapLimits,
    checks,
  })
  const { prefix, grows, resets } = appended
  const tags = functionTags(structure)
  const shapes = FunctionShapes.ofStructure(structure, tags.length > 0)
  const analysis: ModuleAnalysis = {
    imports: structure.imports.map((entry) => ({
      module: entry.module,
      name: entry.name,
      kind: entry.kind,
      index: entry.index,
      carriesFunctions:
        entry.kind === 'function'
          ? shapes.of(entry.index).carriesFunctions
          : carriesFunctions(structure, entry.kind, entry.index),
      shape: entry.kind === 'function' ? shapes.of(entry.index) : undefined,
      flowsBack: flowsBack(structure, shapes, entry.kind, entry.index),
    })),
    exports: structure.exports.slice(0, options.ownExports),
    functionShapes: shapes,
    importedTables: structure.tables.filter((table) => table.imported).length,
    importedGlobals: structure.globals.filter((global) => global.imported).length,
    importedTags: structure.imports.filter(({ kind }) => kind === 'tag').length,
    sizedTables: new Map(
      appended.sizedTables.map((table) => [
        table,
        { sizeGlobal: prefix + hiddenName.tableSize(table), maximumEntries: appended.maximumEntries(table) },
      ]),
    ),
    functionGlobals: new Set(
      structure.globals.keys().filter((index) => carriesFunctions(structure, 'global', index)),
    ),
    functionTables: new Set(
      structure.tables.keys().filter((index) => carriesFunctions(structure, 'table', index)),
    ),
    functionTags: tags.map((tag) => placeOfTag(structure, tag)),
    memories: structure.memories.map(({ limits, imported }, memory) => ({
      initialPages: limits.minimum,
      maximumPages: limits.maximum,
      is64: limits.is64,
      imported,
      hiddenImport: hiddenName.memory(memory),
      sizeGlobal: scan.memoriesUsed[memory] ? prefix + hiddenName.size(memory) : undefined,
    })),
    importsMemory: structure.memories.some(({ imported }) => imported),
    lateSegments,
    linkSegments,
    prefix,
    growTable: grows ? prefix + hiddenName.growTable : undefined,
    start: structure.start === undefined ? undefined : prefix + hiddenName.start,
    reset: resets ? prefix + hiddenName.reset : undefined,
    freshReason: fresh,
    functionsLeave: functionsLeave(structure),
    codeOffsets,
    nameEdits,
    checksDeadlines: appended.checks.length > 0,
    heapUse: heapUseOf(structure, scan.makesArrays, options.heapLimits),
  }
  return { analysis, rewritten, imageSegments }
}

function signature(structure: ModuleStructure, functionIndex: number): FunctionType | undefined {
  const type = structure.types[structure.functionTypes[functionIndex] ?? -1]
  return type?.kind === 'func' ? type : undefined
}

/** The rewrite turns the start section into an export, so its type must be checked here: nothing to nothing. */
function checkStart(structure: ModuleStructure): void {
  if (structure.start === undefined) return
  const type = signature(structure, structure.start)
  if (!type || type.parameters.length + type.results.length > 0)
    throw new MalformedModuleError('the start function takes or returns values', 0)
}

function carriesFunctions(
  { types, tables, globals }: ModuleStructure,
  kind: ExternalKind,
  index: number,
): boolean {
  if (kind === 'table') return isFunctionReference(tables[index]!.type, types)
  return kind === 'global' && isFunctionReference(globals[index]!.type, types)
}

function placeOfTag({ imports, exports }: ModuleStructure, tag: number): number | string {
  const isTag = ({ kind, index }: { kind: ExternalKind; index: number }): boolean =>
    kind === 'tag' && index === tag
  const number = imports.findIndex(isTag)
  return number >= 0 ? number : exports.find(isTag)!.name
}

function flowsBack(
  structure: ModuleStructure,
  shapes: FunctionShapes,
  kind: ExternalKind,
  index: number,
): boolean {
  switch (kind) {
    case 'memory':
      return false
    case 'table':
      return true
    case 'global': {
      const { mutable, type } = structure.globals[index]!
      return mutable && isReference(type)
    }
    case 'function':
      return shapes.of(index).takesReferences
    case 'tag':
      return shapes.ofType(structure.tagTypes[index]!).takesReferences
  }
}
