/**
 * Reads the state of an instance, through the hidden exports of `state-module.ts`; refuses what a new instance could not be
 * given: references to the host's objects, and state that lives elsewhere.
 */
import type { ModuleState, GlobalState } from '../binary/module-state.ts'
import type { ModuleStructure } from '../binary/module-structure.ts'
import type { CodeScan } from '../binary/scan-code.ts'
import type { StateModule } from '../binary/state-module.ts'
import { isFunctionReference, isReference } from '../binary/types.ts'
import { SnapshotError } from '../errors/snapshot-error.ts'
import type { Callable } from '../handles/callable.ts'
import { LogicalTable } from '../handles/logical-table.ts'
import { isBrought } from '../handles/references.ts'
import type { InstanceCore } from '../runtime/instance-core.ts'

const native = 'Initialise each instance of this module after it is made.'

/** Refuses modules whose code changes what cannot be read, or is not theirs. */
export function refuseState(structure: ModuleStructure, scan: CodeScan): void {
  if (scan.dropsSegments) throw new SnapshotError('its code drops segments, which cannot be seen', native)
  if (scan.changesObjects) throw new SnapshotError('its code changes GC objects', native)
  if (structure.tables.some(({ imported }) => imported))
    throw new SnapshotError('it imports a table, whose contents are not its own', native)
  if (structure.globals.some(({ imported, mutable }) => imported && mutable))
    throw new SnapshotError('it imports a mutable global, whose value is not its own', native)
}

export class StateReader {
  readonly #structure: ModuleStructure
  readonly #scan: CodeScan
  readonly #hidden: StateModule
  readonly #core: InstanceCore
  /** Functions that came in as imports, by themselves: their index. */
  readonly #imported = new Map<unknown, number>()

  /** `values`: what was imported, in the order of the imports. */
  constructor(
    structure: ModuleStructure,
    scan: CodeScan,
    hidden: StateModule,
    core: InstanceCore,
    values: readonly unknown[],
  ) {
    this.#structure = structure
    this.#scan = scan
    this.#hidden = hidden
    this.#core = core
    for (const [place, { kind, index }] of structure.imports.entries())
      if (kind === 'function' && !this.#imported.has(values[place])) this.#imported.set(values[place], index)
  }

  /** @throws SnapshotError */
  read(memoryPages: readonly number[]): ModuleState {
    if (this.#core.wasLinked)
      throw new SnapshotError(
        'it shares something with another pooled instance',
        'Import functions of the host instead.',
      )
    const globals = new Map<number, GlobalState>()
    for (const [index, names] of this.#hidden.globals) {
      const value = this.#global(index, names)
      if (value !== undefined) globals.set(index, value)
    }
    const tables = new Map<number, Int32Array>()
    for (const [index, name] of this.#hidden.tables) {
      const entries = this.#table(index, name)
      if (entries !== undefined) tables.set(index, entries)
    }
    return { memoryPages, globals, tables }
  }

  /** `undefined`: its initial expression is its value. */
  #global(index: number, names: readonly string[]): GlobalState | undefined {
    const { type } = this.#structure.globals[index]!
    const exports = names.map((name) => this.#core.rawExport(name))
    if (!isReference(type)) return { kind: 'bits', bits: exports.map((get) => (get as () => bigint)()) }
    if (!this.#mayChange('global', index)) return undefined
    const { value } = exports[0] as WebAssembly.Global
    if (value === null) return { kind: 'null' }
    if (isFunctionReference(type, this.#structure.types))
      return { kind: 'function', index: this.#indexOf(value as Callable, `global ${index}`) }
    throw new SnapshotError(`global ${index} holds a reference to an object`, native)
  }

  /** `undefined`: its initial expression and the element segments make it. */
  #table(index: number, name: string): Int32Array | undefined {
    const { type, limits, initialised } = this.#structure.tables[index]!
    if (!this.#mayChange('table', index)) return undefined
    const raw = this.#core.rawExport(name) as WebAssembly.Table
    const plan = this.#core.module.analysis.sizedTables.get(index)
    const table = plan
      ? new LogicalTable(
          raw,
          this.#core.rawExport(plan.sizeGlobal) as WebAssembly.Global,
          plan.maximumEntries,
        )
      : raw
    const length = Number(table.length)
    const functions = isFunctionReference(type, this.#structure.types)
    const entries = new Int32Array(length)
    for (let place = 0; place < length; place++) {
      const entry: unknown = table.get((limits.is64 && !plan ? BigInt(place) : place) as number)
      if (entry === null) entries[place] = -1
      else if (functions) entries[place] = this.#indexOf(entry as Callable, `table ${index}`)
      else throw new SnapshotError(`table ${index} holds JavaScript values`, native)
    }
    if (initialised)
      throw new SnapshotError(`table ${index} has an initial value, and may have changed`, native)
    if (!functions && length === limits.minimum) return undefined
    return entries
  }

  /** By the code, or by the host, which has it. */
  #mayChange(kind: 'global' | 'table', index: number): boolean {
    const exported = this.#structure.exports.some((entry) => entry.kind === kind && entry.index === index)
    if (exported) return true
    if (kind === 'global') return this.#scan.globalsSet.has(index)
    return this.#scan.changesTables || this.#scan.tablesUsed[index] === true
  }

  /** V8 names functions by their index; one that was imported as it is has the name of its own module. */
  #indexOf(value: Callable, place: string): number {
    const imported = this.#imported.get(value)
    if (imported !== undefined) return imported
    const index = Number(value.name)
    if (isBrought(value) || !(index < this.#structure.functionTypes.length))
      throw new SnapshotError(`${place} holds a function of another module`, native)
    return index
  }
}
