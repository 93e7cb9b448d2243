/**
 * From bytes to a module that can be instantiated on slots: analysis, refusal, compilation.
 *
 * V8 has the last word on validity: it compiles the original too, in its own threads while the analysis runs. In the
 * rewritten module an index beyond the module's own would mean something: a logical size, which no guest may set. A valid
 * module that cannot be pooled is refused with a reason. The analysis pauses every few hundred kilobytes, so that a large
 * module does not hold the event loop.
 */
import type { MemoryImage } from '@warmslot/memory-image'
import { setImmediate } from 'node:timers/promises'

import type { AnalysisOptions, ModuleAnalysis } from '../binary/analyse-module.ts'
import { analyseModule } from '../binary/analyse-module.ts'
import { hiddenModule } from '../binary/appended.ts'
import type { HeapLimits } from '../binary/heap-limits.ts'
import type { ModuleStructure } from '../binary/module-structure.ts'
import { MalformedModuleError } from '../binary/reader.ts'
import type { ImageSegment } from '../binary/image-segments.ts'
import { UnknownFeatureError } from '../binary/unknown-opcode.ts'
import { UnsupportedModuleError } from '../errors/unsupported-module-error.ts'
import { ExportNames } from '../handles/exports-object.ts'
import { checkHeapLimits } from './check-heap-limits.ts'
import { ImportReader } from './import-reader.ts'
import type { ModuleLimits } from './module-limits.ts'
import { checkModuleLimits, mostMemoryBytes } from './module-limits.ts'

export interface CompiledModule {
  readonly label: string
  readonly analysis: ModuleAnalysis
  readonly compiled: WebAssembly.Module
  readonly exportNames: ExportNames
  readonly importReader: ImportReader
  /** A copy of the original's bytes, for snapshots. */
  readonly source: Uint8Array<ArrayBuffer>
  readonly sharedTables: boolean
  /** Whether the code has checks of deadlines. */
  readonly deadlines: boolean
  /** What its code may take of V8's heap. */
  readonly heapLimits: HeapLimits
  /** Its own limit for each of its memories, in bytes, as it was asked for; undefined: none but the engine's. */
  readonly ownMaxMemoryBytes: number | undefined
  /** What each of its memories can grow to in this engine, in bytes. */
  readonly maxMemoryBytes: number
  /** One for each memory; the pool keeps them open. */
  readonly images: readonly MemoryImage[]
  /** Whether it starts with a captured state. */
  readonly isSnapshot: boolean
}

/** A compiled module, and what goes into its images; the segments still hold the original's bytes. */
export interface Compilation {
  readonly module: Omit<CompiledModule, 'images' | 'isSnapshot'>
  readonly imageSegments: readonly ImageSegment[]
}

/** How long the analysis may hold the event loop at a time. */
const sliceMs = 2

export async function compileModule(
  source: Uint8Array,
  label: string,
  limits: ModuleLimits,
  options: AnalysisOptions,
): Promise<Compilation> {
  // The caller may change its bytes while the analysis pauses. V8 copies them once more: each takes a millisecond or less
  // for a megabyte, so not both in one turn.
  const bytes = new Uint8Array(source)
  await setImmediate()
  const valid = WebAssembly.compile(bytes)
  valid.catch(() => undefined)
  await setImmediate()
  try {
    const { analysis, rewritten, imageSegments } = await inSlices(
      analyseModule(bytes, (structure) => refuse(structure, limits, options.heapLimits), options),
    )
    await valid
    const compiled = await WebAssembly.compile(rewritten)
    const module: Compilation['module'] = {
      label,
      analysis,
      source: bytes,
      sharedTables: options.sharedTables,
      deadlines: options.deadlines,
      heapLimits: options.heapLimits,
      ownMaxMemoryBytes: limits.ownMaxMemoryBytes,
      maxMemoryBytes: mostMemoryBytes(limits),
      compiled,
      exportNames: new ExportNames(analysis.exports),
      importReader: new ImportReader(analysis, compiled),
    }
    return { module, imageSegments }
  } catch (error) {
    await valid
    throw explained(error)
  }
}

/** What V8 says of a module with too many entries or too long a function. */
const beyondLimits = /exceeds internal limit of|> maximum (?:function|module) size/

/**
 * What V8 14 says of a module that mixes both kinds of exception handling, where one of its threads sees both first: the same
 * binary is accepted one time and refused the next.
 */
const mixesExceptions = /mix of legacy and new exception handling/

/** V8 accepts the module; says why the engine does not. */
export function explained(error: unknown): unknown {
  if (error instanceof UnknownFeatureError) {
    return new UnsupportedModuleError(
      `it holds ${error.message}`,
      'It is newer than this version of the engine; look for an update.',
    )
  }
  if (error instanceof WebAssembly.CompileError && beyondLimits.test(error.message)) {
    return new UnsupportedModuleError(
      `with what the rewrite appends, it is beyond a limit of V8 (${error.message})`,
      'Instantiate it with `new WebAssembly.Instance` instead.',
    )
  }
  if (error instanceof WebAssembly.CompileError && mixesExceptions.test(error.message)) {
    return new UnsupportedModuleError(
      `it mixes legacy and standard exception handling, which V8 does not accept every time (${error.message})`,
      'Translate the legacy instructions, for instance with `wasm-opt --translate-to-exnref`.',
    )
  }
  if (error instanceof MalformedModuleError || error instanceof WebAssembly.CompileError) {
    return new UnsupportedModuleError(
      `its binary could not be rewritten (${error.message})`,
      'V8 accepts it, so this is a defect of the engine: please report it with the module.',
    )
  }
  return error
}

export async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  let until = performance.now() + sliceMs
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    if (performance.now() < until) continue
    await setImmediate()
    until = performance.now() + sliceMs
  }
}

export function refuse(structure: ModuleStructure, limits: ModuleLimits, heapLimits: HeapLimits): void {
  const native = 'Instantiate it with `new WebAssembly.Instance` instead.'
  if (structure.imports.some(({ module }) => module === hiddenModule)) {
    throw new UnsupportedModuleError(
      `it imports from module ${JSON.stringify(hiddenModule)}`,
      'The engine uses that name itself; use another one.',
    )
  }
  for (const [index, { limits: memory }] of structure.memories.entries()) {
    if (memory.shared) throw new UnsupportedModuleError(`memory ${index} is shared`, native)
    if (memory.pageSizeLog2 !== 16)
      throw new UnsupportedModuleError(`memory ${index} has custom pages`, native)
    if ((!memory.is64 && memory.minimum > 65_536) || (memory.maximum ?? Infinity) < memory.minimum) {
      throw new MalformedModuleError('limits of a memory', 0)
    }
  }
  checkModuleLimits(
    structure.memories.map(({ limits: { minimum, is64 } }) => ({ initialPages: minimum, is64 })),
    limits,
  )
  checkHeapLimits(structure, heapLimits)
}
