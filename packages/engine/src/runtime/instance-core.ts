/**
 * One use of a module: from the lease of its slots to their return.
 *
 *   lease -> imports -> new WebAssembly.Instance -> grow table -> late segments -> start -> live -> released
 *
 * Whatever fails on the way kills the handles, returns the slots and passes the error on. The core is what the public
 * {@link PooledInstance} hides: raw exports never leave it.
 */
import type { Lease } from '@warmslot/pooling'

import type { ModuleAnalysis } from '../binary/analyse-module.ts'
import { pageBytes } from '../binary/analyse-module.ts'
import type { ExportEntry } from '../binary/module-structure.ts'
import { InstanceBusyError } from '../errors/instance-busy-error.ts'
import { makeExportsObject } from '../handles/exports-object.ts'
import type { Callable } from '../handles/function-handle.ts'
import { Gate, live, preparing, released } from '../handles/gate.ts'
import { PooledGlobal } from '../handles/global-handle.ts'
import type { MemoryControl } from '../handles/memory-handle.ts'
import { PooledMemory } from '../handles/memory-handle.ts'
import { References } from '../handles/references.ts'
import { PooledTable } from '../handles/table-handle.ts'
import { applyLateSegments } from './late-segments.ts'
import type { CompiledModule } from './compiled-module.ts'
import { prepareImports } from './prepare-imports.ts'
import type { V8Reservation } from './v8-reservation.ts'

export class InstanceCore {
  readonly gate: Gate = new Gate()
  readonly memories: readonly PooledMemory[]
  readonly module: CompiledModule
  readonly #lease: Lease
  readonly #controls: readonly MemoryControl[]
  readonly #references: References
  #rawExports: WebAssembly.Exports | undefined
  #exports: WebAssembly.Exports | undefined
  /** The handles of tables and globals, by their kind and index, so that one exported twice is one object. */
  #objects: Map<string, unknown> | undefined
  /** Whether raw functions may have reached a table of the caller's own. */
  #escapes = false

  constructor(module: CompiledModule, lease: Lease, capacityPages: number) {
    this.module = module
    this.#lease = lease
    this.#references = new References(this.gate)
    this.#controls = module.analysis.memories.map((plan, index) => {
      const leased = lease.memories[index]!
      const reservation = leased.reservation as V8Reservation
      const control = PooledMemory.create(
        this.gate,
        {
          get logicalBytes() {
            return leased.memory.logicalBytes
          },
          grow: (bytes) => leased.grow(bytes),
          lendView: (bytes) => reservation.lendView(bytes),
          takeViewBack: (view) => reservation.takeViewBack(view),
        },
        Math.min(plan.maximumPages ?? Infinity, capacityPages),
      )
      reservation.tenant = control
      return control
    })
    this.memories = this.#controls.map((control) => control.handle)
  }

  /** Instantiates on the leased slots. After an error the caller calls {@link abandon}. */
  start(given: WebAssembly.Imports): void {
    const { analysis, compiled, needsPreparing } = this.module
    const { memories } = this.#lease
    const raw = memories.map((leased) => (leased.reservation as V8Reservation).memory)
    const { imports, escapes } = prepareImports(
      analysis,
      needsPreparing,
      given,
      { raw, handles: this.memories },
      this.#references,
    )
    this.#escapes = escapes
    const { exports } = new WebAssembly.Instance(compiled, imports)
    this.#rawExports = exports
    this.#connectGrowth(analysis, exports)
    if (analysis.lateSegments.length > 0) {
      this.gate.dirty = true
      applyLateSegments(
        analysis,
        memories.map((leased) => leased.memory),
        exports,
      )
    }
    if (analysis.start !== undefined) {
      this.gate.dirty = true
      this.#run(exports[analysis.start] as Callable)
    }
    this.gate.state = live
  }

  #run(start: Callable): void {
    this.gate.running++
    try {
      start()
    } finally {
      this.gate.running--
    }
  }

  #connectGrowth(analysis: ModuleAnalysis, exports: WebAssembly.Exports): void {
    const table =
      analysis.growTable === undefined ? undefined : (exports[analysis.growTable] as WebAssembly.Table)
    for (const [index, { sizeGlobal }] of analysis.memories.entries()) {
      if (sizeGlobal === undefined) continue
      const { reservation, memory } = this.#lease.memories[index]!
      const global = exports[sizeGlobal] as WebAssembly.Global
      this.#controls[index]!.sizeGlobal = global
      // The host may have grown the memory before instantiation, through `instance.memory`.
      const pages = memory.logicalBytes / pageBytes
      if (pages !== analysis.memories[index]!.initialPages) global.value = pages
      table?.set(index, (reservation as V8Reservation).growFunction)
    }
  }

  /** The exports as the caller sees them; made when they are first asked for. */
  get exports(): WebAssembly.Exports {
    this.gate.pass('instance')
    if (this.gate.state === preparing) {
      throw new TypeError(
        'The exports are not there yet: the imports function runs before the module is instantiated.',
      )
    }
    return (this.#exports ??= makeExportsObject(
      this.module.analysis.exports,
      this.module.exportsByName,
      (entry) => this.#makeExport(entry),
    ))
  }

  #makeExport(entry: ExportEntry): unknown {
    const raw = this.#rawExports![entry.name]
    const { analysis } = this.module
    switch (entry.kind) {
      case 'function':
        return this.#references.handleOf(raw as Callable, analysis.functionShapes.get(entry.index))
      case 'memory':
        return this.memories[entry.index]
      case 'table':
        // An imported table is the caller's own.
        if (entry.index < analysis.importedTables) return raw
        return this.#object(
          entry,
          () => new PooledTable(this.gate, raw as WebAssembly.Table, this.#references),
        )
      case 'global':
        if (entry.index < analysis.importedGlobals && !analysis.functionGlobals.has(entry.index)) return raw
        return this.#object(
          entry,
          () => new PooledGlobal(this.gate, raw as WebAssembly.Global, this.#references),
        )
      case 'tag':
        return raw
    }
  }

  #object(entry: ExportEntry, make: () => unknown): unknown {
    const key = `${entry.kind} ${entry.index}`
    this.#objects ??= new Map()
    const known = this.#objects.get(key)
    if (known !== undefined) return known
    const made = make()
    this.#objects.set(key, made)
    return made
  }

  /** @throws InstanceBusyError while a call is running. */
  release(): void {
    if (this.gate.state === released) return
    if (this.gate.running > 0 || this.gate.state === preparing) throw new InstanceBusyError()
    this.abandon()
  }

  /** Kills the handles and returns the slots. */
  abandon(): void {
    this.gate.state = released
    let escapes = this.#escapes
    for (const [index, control] of this.#controls.entries()) {
      const { reservation } = this.#lease.memories[index]!
      ;(reservation as V8Reservation).tenant = undefined
      if (!control.close()) escapes = true
    }
    if (this.gate.dirty) for (const leased of this.#lease.memories) leased.memory.markDirty()
    this.#rawExports = undefined
    this.#lease.release(escapes ? { discardReservations: true } : undefined)
  }

  read(address: number, length: number, memory: number): Uint8Array {
    return this.#slot(memory).read(address, length)
  }

  write(address: number, bytes: Uint8Array, memory: number): void {
    const slot = this.#slot(memory)
    this.gate.dirty = true
    slot.write(address, bytes)
  }

  #slot(memory: number): Lease['memories'][number]['memory'] {
    this.gate.pass('memory')
    const leased = this.#lease.memories[memory]
    if (!leased)
      throw new RangeError(`This module has no memory ${memory}; it has ${this.#lease.memories.length}.`)
    return leased.memory
  }
}
