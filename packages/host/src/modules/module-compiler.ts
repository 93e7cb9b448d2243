/**
 * From a module's bytes to what workers load: compiled and analysed once, its images made once; the workers map the same memory.
 *
 * With `initialize: 'once'` a worker runs the module's initialisation and captures the state; guests never run on the main thread.
 */
import { Engine, type PooledModule } from '@warmslot/engine'
import { UnusableModuleError } from '../errors/unusable-module-error.ts'
import type { InstanceMode, ModuleToLoad, WorkerOptions } from '../workers/protocol.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import type { HostModule } from './host-module.ts'
import { checkInterface, hasFunction, kindOf } from './module-kind.ts'

/** Slots here are for nothing but the engine's own start. */
const slots = 1

export class ModuleCompiler implements AsyncDisposable {
  readonly #engine: Engine
  readonly #workers: WorkerPool
  readonly #instances: InstanceMode

  constructor({ limits, instances }: WorkerOptions, workers: WorkerPool) {
    this.#engine = new Engine({ slots, deadlines: true, ...limits })
    this.#workers = workers
    this.#instances = instances
  }

  /** Fills in `module.kind` and `module.pooled`. @throws UnusableModuleError, ReportedError */
  async compile(module: HostModule, bytes: Uint8Array<ArrayBuffer>): Promise<ModuleToLoad> {
    const { uid, name } = module.identity
    const compiled = await this.#compile(module, bytes)
    module.pooled.push(compiled)
    checkInterface(compiled)
    module.kind = kindOf(compiled.exports)
    const plan = { uid, name, kind: module.kind, settings: module.settings }
    if (this.#instances === 'native') return { ...plan, content: await compileNatively(bytes) }
    if (module.settings.initialize !== 'once' || !hasFunction(compiled.exports, '_initialize'))
      return { ...plan, content: await compiled.share() }
    const initialised = await this.#initialised({ ...plan, content: await compiled.share() }, compiled)
    module.pooled.push(initialised)
    return { ...plan, content: await initialised.share() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close()
  }

  async #compile({ identity, settings }: HostModule, bytes: Uint8Array<ArrayBuffer>): Promise<PooledModule> {
    try {
      const { memoryBytes } = settings
      return await this.#engine.compile(bytes, { label: identity.name, maxMemoryBytes: memoryBytes })
    } catch (error) {
      throw new UnusableModuleError((error as Error).message, { cause: error })
    }
  }

  async #initialised(plan: ModuleToLoad, compiled: PooledModule): Promise<PooledModule> {
    try {
      const shared = await this.#workers.snapshot(plan)
      try {
        return await this.#engine.deserialize(shared.value)
      } finally {
        await shared.release()
      }
    } catch (error) {
      const message = `The module could not be initialised: ${(error as Error).message}`
      throw new UnusableModuleError(message, { cause: error })
    } finally {
      await compiled.dispose()
    }
  }
}

/** V8 does not tell what an imported memory has to be like. @throws UnusableModuleError */
async function compileNatively(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  const module = await WebAssembly.compile(bytes)
  if (WebAssembly.Module.imports(module).some(({ kind }) => kind === 'memory'))
    throw new UnusableModuleError(
      'The module imports its memory; with `instances: native` there is none for it.',
    )
  return module
}
