/** The exports of one use, as the caller gets them: a handle for every raw export, made when it is asked for. */
import type { ExportEntry } from '../binary/module-structure.ts'
import { type ExportHandles, makeExportsObject } from '../handles/exports-object.ts'
import type { Callable } from '../handles/callable.ts'
import { PooledGlobal } from '../handles/global-handle.ts'
import { LogicalTable } from '../handles/logical-table.ts'
import type { PooledMemory } from '../handles/memory-handle.ts'
import type { References } from '../handles/references.ts'
import { TagStamp } from '../handles/stamps.ts'
import { PooledTable } from '../handles/table-handle.ts'
import type { CompiledModule } from './compiled-module.ts'
import type { PreparedImports } from './prepare-imports.ts'
import { sharedKey } from './prepare-imports.ts'
import type { RawInstance } from './raw-instance.ts'

export function handlesOf(
  module: CompiledModule,
  raw: RawInstance,
  references: References,
  memories: readonly PooledMemory[],
  shared: PreparedImports['shared'],
): WebAssembly.Exports {
  return makeExportsObject(module.exportNames, new InstanceHandles(module, raw, references, memories, shared))
}

class InstanceHandles implements ExportHandles {
  readonly #module: CompiledModule
  readonly #raw: RawInstance
  readonly #references: References
  readonly #memories: readonly PooledMemory[]
  /** Tables and globals of other instances, which this one imports. */
  readonly #shared: PreparedImports['shared']
  /** The handles of tables and globals, by their kind and index, so that one exported twice is one object. */
  #objects: Map<string, unknown> | undefined

  constructor(
    module: CompiledModule,
    raw: RawInstance,
    references: References,
    memories: readonly PooledMemory[],
    shared: PreparedImports['shared'],
  ) {
    this.#module = module
    this.#raw = raw
    this.#references = references
    this.#memories = memories
    this.#shared = shared
  }

  of(entry: ExportEntry): unknown {
    const references = this.#references
    // A lazy export may be asked for when the use is over.
    references.use.gate.pass('instance')
    const { analysis } = this.#module
    const raw = this.#raw.exports[entry.name]
    switch (entry.kind) {
      case 'function':
        return references.handleOf(raw as Callable, analysis.functionShapes.of(entry.index))
      case 'memory':
        return this.#memories[entry.index]
      case 'table':
        // An imported table is another instance's, or the caller's own.
        if (entry.index < analysis.importedTables) return this.#sharedHandle(entry) ?? raw
        return this.#once(entry, () => this.#table(entry.index, raw as WebAssembly.Table))
      case 'global':
        if (entry.index < analysis.importedGlobals) {
          const shared = this.#sharedHandle(entry)
          if (shared || !analysis.functionGlobals.has(entry.index)) return shared ?? raw
        }
        return this.#once(entry, () => this.#global(entry.index, raw as WebAssembly.Global))
      case 'tag':
        if (entry.index >= analysis.importedTags) TagStamp.put(raw as object, references.use)
        return raw
    }
  }

  #sharedHandle({ kind, index }: ExportEntry): unknown {
    return this.#shared?.get(sharedKey(kind, index))
  }

  #global(index: number, global: WebAssembly.Global): PooledGlobal {
    return new PooledGlobal(this.#references.use, global, this.#module.analysis.functionGlobals.has(index))
  }

  #table(index: number, table: WebAssembly.Table): PooledTable {
    const references = this.#references
    const plan = this.#module.analysis.sizedTables.get(index)
    if (plan === undefined)
      return new PooledTable(references.use, table, this.#module.analysis.functionTables.has(index), () =>
        this.#raw.spoil(),
      )
    const size = this.#raw.exports[plan.sizeGlobal] as WebAssembly.Global
    const sized = new LogicalTable(table, size, plan.maximumEntries)
    return new PooledTable(references.use, sized, false, () => {})
  }

  #once({ kind, index }: ExportEntry, make: () => unknown): unknown {
    const key = sharedKey(kind, index)
    this.#objects ??= new Map()
    const known = this.#objects.get(key)
    if (known !== undefined) return known
    const made = make()
    this.#objects.set(key, made)
    return made
  }
}
