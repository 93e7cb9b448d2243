/**
 * The engine: V8's WebAssembly on slots of the pool.
 *
 *   bytes --compile--> PooledModule --instantiate--> PooledInstance --release--> slot free, its image still mapped
 *                          |                                                              |
 *                          +--dispose--> no mapping of its images left in any slot <------+
 */
import type { Lease, PoolModule, SlotView, SlotViewOptions } from '@warmslot/pooling'
import { Pool } from '@warmslot/pooling'

import { isAnyArrayBuffer } from 'node:util/types'

import { AdmittedModules, memory32Kind, memory64Kind } from './admitted-modules.ts'
import { EngineDeadlines } from './deadlines/engine-deadlines.ts'
import { UseTime } from './deadlines/use-time.ts'
import type { CompileOptions } from './options/compile-options.ts'
import { resolveCompileOptions } from './options/compile-options.ts'
import type { EngineOptions, ResolvedEngineOptions } from './options/engine-options.ts'
import { resolveEngineOptions } from './options/engine-options.ts'
import type { InstantiateOptions, WaitOptions } from './options/instantiate-options.ts'
import { resolveInstantiateOptions } from './options/instantiate-options.ts'
import type { DeserializeOptions } from './options/deserialize-options.ts'
import { checkDeserializeOptions } from './options/deserialize-options.ts'
import type { SnapshotOptions } from './options/snapshot-options.ts'
import { checkSnapshotOptions } from './options/snapshot-options.ts'
import type { EngineMetrics, InstanceCounts } from './engine-metrics.ts'
import { EngineClosedError } from './errors/engine-closed-error.ts'
import { InvalidOptionError } from '@warmslot/index-allocator'
import { PooledInstance } from './pooled-instance.ts'
import { PooledModule } from './pooled-module.ts'
import { checkLimits } from './runtime/check-limits.ts'
import { checkRuntime } from './runtime/check-runtime.ts'
import type { CompiledModule } from './runtime/compiled-module.ts'
import { compileModule } from './runtime/compiled-module.ts'
import { retainImages } from './runtime/images.ts'
import type { ImportValues } from './runtime/import-values.ts'
import { memoriesWithoutLinks } from './runtime/import-values.ts'
import { InstanceCore } from './runtime/instance-core.ts'
import type { ModuleLimits, SlotLimits } from './runtime/module-limits.ts'
import { checkFit } from './serialization/check-fit.ts'
import { deserializeModule } from './serialization/deserialize-module.ts'
import type { SharedModule } from './serialization/serialize-module.ts'
import { takeSnapshot } from './snapshots/take-snapshot.ts'
import { UnsupportedImportError } from './errors/unsupported-import-error.ts'
import { assertStackRoom } from './runtime/stack-room.ts'
import { V8Reservation } from './runtime/v8-reservation.ts'

/** Imports, or a function that makes them for glue that needs `instance.memory` beforehand. */
export type Imports = WebAssembly.Imports | ((instance: PooledInstance) => WebAssembly.Imports)

export class Engine implements AsyncDisposable {
  readonly #options: ResolvedEngineOptions
  readonly #slotLimits: SlotLimits
  readonly #pool: Pool
  readonly #modules: AdmittedModules
  readonly #instances: InstanceCounts = {
    warm: 0,
    fresh: 0,
    failed: 0,
    deadlineExceeded: 0,
    freshReasons: {},
  }
  readonly #deadlines: EngineDeadlines | undefined
  #closed = false

  /**
   * @throws InvalidOptionError, UnsupportedRuntimeError, ResourceLimitError, and memory-image's UnsupportedPlatformError
   */
  constructor(options: EngineOptions = {}) {
    this.#options = resolveEngineOptions(options)
    const { slots, maxMemoryBytes, deadlines, keepBuffers } = this.#options
    const { reservedBytesPerMemory } = checkRuntime()
    this.#slotLimits = { slots, maxMemoryBytes, reservedBytesPerMemory }
    checkLimits({ slots, reservedBytesPerMemory })
    const { strategy, keepResidentBytes, resetBatchSize, idleTrimMs, memoryPressure } = options
    const pool = new Pool({
      slots,
      slotBytes: maxMemoryBytes,
      reservationKinds: [memory32Kind, memory64Kind],
      createReservation: (_slot, kind) =>
        new V8Reservation(maxMemoryBytes, kind === memory64Kind, keepBuffers),
      ...(strategy && { strategy }),
      ...(keepResidentBytes !== undefined && { keepResidentBytes }),
      ...(resetBatchSize !== undefined && { resetBatchSize }),
      ...(idleTrimMs !== undefined && { idleTrimMs }),
      ...(memoryPressure !== undefined && { memoryPressure }),
    })
    this.#pool = pool
    this.#deadlines = deadlines ? new EngineDeadlines() : undefined
    this.#modules = new AdmittedModules(pool, () => this.#assertOpen())
  }

  /**
   * Analyses, rewrites and compiles a module, and makes the images of its memories.
   * @throws WebAssembly.CompileError what V8 rejects
   * @throws UnsupportedModuleError what is valid but cannot be pooled, with the reason; so is what starts beyond a limit
   * @throws ResourceLimitError where 64-bit memories need more address space for so many slots than there is
   * @throws InvalidOptionError, EngineClosedError
   */
  async compile(source: BufferSource, options: CompileOptions = {}): Promise<PooledModule> {
    this.#assertOpen()
    const { label, sharedTables, maxMemoryBytes } = resolveCompileOptions(options, this.#options)
    // It boots while V8 compiles.
    this.#deadlines?.clock.start()
    const { deadlines, heapLimits } = this.#options
    const rewriting = { sharedTables, deadlines, heapLimits }
    return this.#modules.admit(
      await compileModule(bytesOf(source), label, this.#limits(maxMemoryBytes), rewriting),
    )
  }

  /**
   * Runs `initialise` on an instance of `module`, and makes a module whose instances all start as that one was then: memory,
   * globals and tables. Its start function does not run again. `module` stays as it is.
   *
   * Not in it: what the host's objects hold (imports, JavaScript glue), so that must fit to it or be made anew. What must be
   * different in each use, seeds of random numbers above all, is the work of `afterRestore`.
   * @throws SnapshotError what the state cannot be captured of; UnsupportedModuleError for too large a memory
   * @throws InstanceBusyError where the initialisation has left a call or a promise running
   * @throws what {@link instantiate} and `initialise` throw
   */
  async snapshot(
    module: PooledModule,
    imports: Imports | undefined,
    initialise: (instance: PooledInstance) => unknown,
    options: SnapshotOptions = {},
  ): Promise<PooledModule> {
    this.#poolModule(module)
    checkSnapshotOptions(options, this.#options)
    if (typeof initialise !== 'function') throw new InvalidOptionError('initialise', 'a function', initialise)
    const original = PooledModule.compiledOf(module)
    const { label = `${module.label} (snapshot)`, afterRestore, deadlineMs } = options
    const { sharedTables, heapLimits } = original
    const rewriting = { sharedTables, deadlines: this.#options.deadlines, heapLimits }
    const limits = this.#limits(original.ownMaxMemoryBytes)
    const plan = { label, limits, options: rewriting, initialise }
    const compilation = await takeSnapshot(original, plan, async (stateful, work) => {
      const images = original.isSnapshot ? retainImages(original) : undefined
      const temporary = await this.#modules.admit(stateful, { images })
      let instance: PooledInstance | undefined
      try {
        instance = this.instantiate(temporary, imports, deadlineMs === undefined ? {} : { deadlineMs })
        return await work(instance)
      } finally {
        // Not waited for: a promise that the initialisation left behind may hold the slot for long.
        temporary.dispose().catch(() => undefined)
        instance?.release()
      }
    })
    return this.#modules.admit(compilation, { isSnapshot: true, afterRestore })
  }

  /**
   * Makes a module from what `module.serialize()` or `module.share()` gave, without analysing it again. Trust these bytes as
   * you trust code: damage is found, malice is not.
   * @throws ModuleDisposedError where the thread that shared it has disposed of it before
   * @throws SerializedModuleError for bytes that are damaged, of another version, or of an engine with other deadlines or
   *   larger limits for tables and arrays
   * @throws UnsupportedModuleError, ResourceLimitError where its memories do not fit into this engine's slots
   * @throws InvalidOptionError, EngineClosedError
   */
  async deserialize(
    serialized: Uint8Array | SharedModule,
    options: DeserializeOptions = {},
  ): Promise<PooledModule> {
    this.#assertOpen()
    checkDeserializeOptions(options, this.#options)
    this.#deadlines?.clock.start()
    const { label, afterRestore, maxMemoryBytes } = options
    const { compilation, images, isSnapshot } = await deserializeModule(
      serialized,
      label,
      this.#limits(maxMemoryBytes),
      (data) => checkFit(data, options, this.#options),
    )
    return this.#modules.admit(compilation, { images, isSnapshot, afterRestore })
  }

  /**
   * Makes an instance on free slots.
   * @throws PoolExhaustedError when there are none
   * @throws WebAssembly.LinkError, TypeError, WebAssembly.RuntimeError as `new WebAssembly.Instance` does; the slots
   *   are then free again
   * @throws UnsupportedImportError, ModuleDisposedError, EngineClosedError
   * @throws DeadlineExceededError when the start function does not return in time; InvalidOptionError
   */
  instantiate(module: PooledModule, imports?: Imports, options?: InstantiateOptions): PooledInstance {
    assertStackRoom()
    const poolModule = this.#poolModule(module)
    const compiled = PooledModule.compiledOf(module)
    const deadlineMs = options && resolveInstantiateOptions(options, this.#options)
    if (typeof imports === 'function')
      return this.#instantiateOn(compiled, this.#pool.acquire(poolModule), imports, undefined, deadlineMs)
    const values = this.#readImports(compiled, imports)
    // A memory that another instance exports needs no slot.
    const memories = this.#memoriesToLease(compiled, values)
    const lease = this.#pool.acquire(poolModule, memories && { memories })
    return this.#instantiateOn(compiled, lease, values, memories, deadlineMs)
  }

  /**
   * As {@link instantiate}, but waits for free slots, first come first served.
   * @throws WaitTimeoutError after `waitMs`; ModuleDroppedError, PoolClosedError where that happens meanwhile
   */
  async instantiateWhenFree(
    module: PooledModule,
    imports?: Imports,
    options: WaitOptions = {},
  ): Promise<PooledInstance> {
    const poolModule = this.#poolModule(module)
    const compiled = PooledModule.compiledOf(module)
    const deadlineMs = resolveInstantiateOptions(options, this.#options, true)
    const { waitMs, signal } = options
    if (typeof imports === 'function') {
      const lease = await this.#pool.acquireWhenFree(poolModule, { waitMs, signal })
      return this.#instantiateOn(compiled, lease, imports, undefined, deadlineMs)
    }
    const values = this.#readImports(compiled, imports)
    const memories = this.#memoriesToLease(compiled, values)
    const lease = await this.#pool.acquireWhenFree(poolModule, { waitMs, signal, memories })
    return this.#instantiateOn(compiled, lease, values, memories, deadlineMs)
  }

  #memoriesToLease(
    { analysis, isSnapshot }: CompiledModule,
    values: ImportValues,
  ): readonly number[] | undefined {
    const memories = memoriesWithoutLinks(analysis, values)
    if (memories === undefined || !isSnapshot) return memories
    const { module, name } = analysis.imports.find(({ kind }) => kind === 'memory')!
    throw new UnsupportedImportError(
      module,
      name,
      'the contents of this memory are part of a snapshot; leave it out.',
    )
  }

  #readImports(compiled: CompiledModule, imports: WebAssembly.Imports | undefined): ImportValues {
    try {
      return compiled.importReader.read(imports)
    } catch (error) {
      this.#instances.failed++
      throw error
    }
  }

  #instantiateOn(
    compiled: CompiledModule,
    lease: Lease,
    imports: ImportValues | ((instance: PooledInstance) => WebAssembly.Imports),
    leasedMemories: readonly number[] | undefined,
    deadlineMs: number | undefined,
  ): PooledInstance {
    const time = this.#deadlines && new UseTime(this.#deadlines)
    const core = new InstanceCore(compiled, lease, leasedMemories, time)
    const instance = new PooledInstance(core)
    try {
      if (deadlineMs !== undefined) time!.extend(deadlineMs)
      const values = typeof imports === 'function' ? compiled.importReader.read(imports(instance)) : imports
      core.start(values)
      if (compiled.isSnapshot) this.#modules.hookOf(compiled)?.(instance)
    } catch (error) {
      core.abandon()
      this.#instances.failed++
      throw error
    }
    this.#count(compiled, core.warm)
    return instance
  }

  #count({ analysis }: CompiledModule, warm: boolean): void {
    if (warm) this.#instances.warm++
    else {
      this.#instances.fresh++
      const { freshReason } = analysis
      if (freshReason)
        this.#instances.freshReasons[freshReason] = (this.#instances.freshReasons[freshReason] ?? 0) + 1
    }
  }

  #limits(ownMaxMemoryBytes: number | undefined): ModuleLimits {
    return { ...this.#slotLimits, ownMaxMemoryBytes }
  }

  #poolModule(module: PooledModule): PoolModule {
    this.#assertOpen()
    return this.#modules.poolModuleOf(module)
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineClosedError()
  }

  /** How instances were made, and the pool's numbers. `residentBytes: true` asks the kernel about every slot. */
  metrics(options?: { readonly residentBytes?: boolean }): EngineMetrics {
    const { freshReasons, ...counts } = this.#instances
    const deadlineExceeded = this.#deadlines?.exceeded ?? 0
    return {
      instances: { ...counts, deadlineExceeded, freshReasons: { ...freshReasons } },
      pool: this.#pool.metrics(options),
    }
  }

  /**
   * How every slot stands, untouched ones too: as many as option `slots`, in the order of their numbers. `moduleId` is a module's
   * `id`, `warm` says that a live instance waits in the slot for its next use, or serves again. O(slots);
   * `residentBytes: true` asks the kernel about each slot that may hold memory.
   * @throws SystemCallError (`@warmslot/memory-image`), or the file system's error, where the kernel does not answer that
   */
  slots(options?: SlotViewOptions): readonly SlotView[] {
    return this.#pool.slots(options)
  }

  /**
   * Gives the pages that resets left resident in free slots back to the kernel now, in time slices: what happens by itself
   * after `idleTrimMs`, and under memory pressure. Resolves with the number of slots that held something.
   */
  trim(): Promise<number> {
    return this.#pool.trim()
  }

  /**
   * Drops all modules, waits for the instances in use to be released, and gives every slot back. Nothing can be
   * compiled or instantiated from here on.
   */
  async close(): Promise<void> {
    this.#closed = true
    await this.#pool.close()
    await this.#deadlines?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function bytesOf(source: BufferSource): Uint8Array {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  if (isAnyArrayBuffer(source)) return new Uint8Array(source)
  throw new InvalidOptionError('source', 'an ArrayBuffer or a view of one', source)
}
