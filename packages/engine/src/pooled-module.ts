/** A compiled module whose instances run on pooled slots; made by `engine.compile`. */
import { type KernelTraces, kernelTraces } from '@warmslot/memory-image'
import type { PurgeReceipt } from '@warmslot/pooling'

import { withoutHelperNames } from './binary/helper-name-section.ts'
import type { FreshReason } from './binary/reusability.ts'
import { ModuleDisposedError } from './errors/module-disposed-error.ts'
import type { CompiledModule } from './runtime/compiled-module.ts'
import type { SharedModule } from './serialization/serialize-module.ts'
import { serializeModule, shareModule } from './serialization/serialize-module.ts'

/** One import or export, as `WebAssembly.Module.imports` and `.exports` describe it. */
export interface ExternDescriptor {
  readonly module?: string
  readonly name: string
  readonly kind: string
}

/** How the engine drops a module; each module has its own. */
export type DropModule = () => Promise<PurgeReceipt>

export class PooledModule implements AsyncDisposable {
  /**
   * Unique in its engine, ascending from 1: what `engine.slots()` and purge receipts call `moduleId`, and `id` in
   * `engine.metrics().pool.modules`.
   */
  readonly id: number
  readonly #compiled: CompiledModule
  readonly #drop: DropModule
  readonly #hasHook: boolean
  #disposed = false
  #receipt: Promise<PurgeReceipt> | undefined

  /** @internal */
  constructor(id: number, compiled: CompiledModule, drop: DropModule, hasHook: boolean) {
    this.id = id
    this.#compiled = compiled
    this.#drop = drop
    this.#hasHook = hasHook
  }

  /** The label given to `compile`, for people; it need not be unique. */
  get label(): string {
    return this.#compiled.label
  }

  get disposed(): boolean {
    return this.#disposed
  }

  /** The original module's imports, as `WebAssembly.Module.imports` gives them. */
  get imports(): ExternDescriptor[] {
    return this.#compiled.analysis.imports.map(({ module, name, kind }) => ({ module, name, kind }))
  }

  /** The original module's exports, as `WebAssembly.Module.exports` gives them. */
  get exports(): ExternDescriptor[] {
    return this.#compiled.analysis.exports.map(({ name, kind }) => ({ name, kind }))
  }

  /**
   * The contents of the original module's custom sections of this name, as `WebAssembly.Module.customSections` gives them:
   * copies, in their order.
   */
  customSections(name: string): ArrayBuffer[] {
    const { compiled, analysis } = this.#compiled
    const text = name === undefined ? name : String(name)
    const sections = WebAssembly.Module.customSections(compiled, text)
    const [first] = sections
    const { nameEdits } = analysis
    if (text !== 'name' || first === undefined) return sections
    if (nameEdits === 'added') return sections.slice(0, -1)
    return [withoutHelperNames(first, nameEdits), ...sections.slice(1)]
  }

  /**
   * From a byte offset in a stack trace of this module (`wasm-function[3]:0x1a4`) to the byte offset of the same instruction
   * in the original: for source maps, DWARF and disassemblers. `undefined` inside the engine's helpers, whose frames bear
   * the name of the instruction that they stand for and whose caller is where it stands, and outside of the code.
   */
  originalOffset(offset: number): number | undefined {
    return this.#compiled.analysis.codeOffsets.original(offset)
  }

  /** Why every use gets a fresh instance on its slot; `undefined` where a live one can serve again. */
  get freshReason(): FreshReason | undefined {
    return this.#compiled.analysis.freshReason
  }

  /**
   * The module as bytes, for a file: `engine.deserialize` makes it anew, in this or another process, without analysing it.
   * It holds the original, the rewritten code and the images of the memories, a snapshot's captured ones too. Only the same
   * version of this package reads it.
   * @throws ModuleDisposedError
   */
  async serialize(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#disposed) throw new ModuleDisposedError(this.label)
    return serializeModule(this.#compiled, this.#hasHook)
  }

  /**
   * The module for worker threads: what `postMessage` can carry, and `engine.deserialize` makes a module of there. V8's compiled
   * code and the memory of the images are shared between the threads. Keep this module until they have made theirs; afterwards each
   * thread drops its own, in any order, and with the last one the kernel frees the memory.
   * @throws ModuleDisposedError
   */
  async share(): Promise<SharedModule> {
    if (this.#disposed) throw new ModuleDisposedError(this.label)
    return shareModule(this.#compiled, this.#hasHook)
  }

  /**
   * Drops the module: no new instance can be made, and every mapping of its memory images leaves every slot, at once
   * where the slot is free, at its release where it is in use. Resolves when the last is gone, with what was cleared
   * and what the kernel then says. A second call returns the same promise, unless the kernel refused to remove something
   * (`complete` is false): then it tries again what is left.
   */
  dispose(): Promise<PurgeReceipt> {
    this.#disposed = true
    return (this.#receipt ??= this.#purge())
  }

  /**
   * What the kernel shows of this module's images now, in the whole process: of all threads that have them by `share`, in slots of any
   * engine. After `dispose` too, so that it can be seen when the last thread has dropped it: then both numbers are 0. Images of zeros
   * only have neither. Reads `/proc/self/maps` and `/proc/self/fd` in pieces, off the event loop; milliseconds with thousands of slots.
   * @throws the file system's error where they cannot be read (as a rejection)
   */
  async kernelTraces(): Promise<KernelTraces> {
    // A closed image keeps its name, and the kernel shows it for as long as anybody maps it.
    const traces = await kernelTraces(this.#compiled.images.map(({ memfdName }) => memfdName))
    let mappings = 0
    let descriptors = 0
    for (const one of traces.values()) {
      mappings += one.mappings
      descriptors += one.descriptors
    }
    return { mappings, descriptors }
  }

  async #purge(): Promise<PurgeReceipt> {
    let complete = false
    try {
      const receipt = await this.#drop()
      complete = receipt.complete
      return receipt
    } finally {
      if (!complete) this.#receipt = undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  /** @internal */
  static compiledOf(module: PooledModule): CompiledModule {
    return module.#compiled
  }
}
