/**
 * The modules of an engine: known to the pool, with their images, until they are dropped.
 *
 *   Compilation --admit--> images made, registered with the pool --> PooledModule
 *                                                                        |  dispose(), or collected by V8
 *                          mappings gone from every slot <---------------+
 */
import { InvalidOptionError } from '@warmslot/index-allocator'
import type { MemoryImage } from '@warmslot/memory-image'
import type { Pool, PoolModule, PurgeReceipt } from '@warmslot/pooling'

import { pageBytes } from './binary/sort-segments.ts'
import { ModuleDisposedError } from './errors/module-disposed-error.ts'
import type { PooledInstance } from './pooled-instance.ts'
import { PooledModule } from './pooled-module.ts'
import type { Compilation, CompiledModule } from './runtime/compiled-module.ts'
import { makeImages } from './runtime/images.ts'

/** A slot has a V8 memory for each of them, made when it is first wanted there. */
export const memory32Kind = 'memory32'
export const memory64Kind = 'memory64'

export type AfterRestore = (instance: PooledInstance) => void

/** What is known of a module besides its compilation. */
export interface Admission {
  /** Images that are there already, with a reference each for the module. @default made of the compilation's segments */
  readonly images?: readonly MemoryImage[] | undefined
  /** Whether it starts with a captured state. @default false */
  readonly isSnapshot?: boolean
  /** What runs for each instance of a snapshot before the caller gets it. @default nothing */
  readonly afterRestore?: AfterRestore | null | undefined
}

export class AdmittedModules {
  readonly #pool: Pool
  readonly #assertOpen: () => void
  readonly #modules = new WeakMap<PooledModule, PoolModule>()
  readonly #hooks = new WeakMap<CompiledModule, AfterRestore>()
  /** The net for modules that are dropped without `dispose()`: their images leave the slots at some collection. */
  readonly #dropped: FinalizationRegistry<PoolModule>

  /** @param assertOpen throws where the engine is closed, which it may be since it was asked for the module */
  constructor(pool: Pool, assertOpen: () => void) {
    this.#pool = pool
    this.#assertOpen = assertOpen
    this.#dropped = new FinalizationRegistry((module) => void pool.purge(module).catch(() => undefined))
  }

  async admit({ module, imageSegments }: Compilation, admission: Admission = {}): Promise<PooledModule> {
    const { isSnapshot = false, afterRestore } = admission
    const images =
      admission.images ?? (await makeImages(module.analysis.memories.length, imageSegments, module.label))
    const compiled: CompiledModule = { ...module, images, isSnapshot }
    if (afterRestore) this.#hooks.set(compiled, afterRestore)
    const poolModule = this.#register(compiled)
    const drop = (): Promise<PurgeReceipt> => {
      this.#dropped.unregister(poolModule)
      return this.#pool.purge(poolModule)
    }
    const admitted = new PooledModule(poolModule.id, compiled, drop, this.#hooks.has(compiled))
    this.#modules.set(admitted, poolModule)
    this.#dropped.register(admitted, poolModule, poolModule)
    return admitted
  }

  /** @throws InvalidOptionError for what is no module of this engine; ModuleDisposedError */
  poolModuleOf(module: PooledModule): PoolModule {
    const poolModule = this.#modules.get(module)
    if (!poolModule) throw new InvalidOptionError('module', 'a PooledModule compiled by this engine', module)
    if (module.disposed) throw new ModuleDisposedError(module.label)
    return poolModule
  }

  hookOf(compiled: CompiledModule): AfterRestore | undefined {
    return this.#hooks.get(compiled)
  }

  #register({ analysis, label, images, maxMemoryBytes }: CompiledModule): PoolModule {
    try {
      this.#assertOpen()
      return this.#pool.register({
        label,
        memories: analysis.memories.map((plan, index) => ({
          image: images[index]!,
          initialBytes: plan.initialPages * pageBytes,
          kind: plan.is64 ? memory64Kind : memory32Kind,
          maximumBytes: Math.min((plan.maximumPages ?? Infinity) * pageBytes, maxMemoryBytes),
        })),
      })
    } finally {
      // The pool holds its own references.
      for (const image of images) image.release()
    }
  }
}
