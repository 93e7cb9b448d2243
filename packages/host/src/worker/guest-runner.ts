/** What one worker can do: hold modules, run guests on them, purge them. One engine, one guest at a time. */
import { Engine, type PooledModule, type PurgeReceipt, type SharedModule } from '@warmslot/engine'
import { UnusableModuleError } from '../errors/unusable-module-error.ts'
import { UnknownModuleError } from '../errors/unknown-module-error.ts'
import type {
  GuestInput,
  GuestOutput,
  ModuleToLoad,
  WorkerOptions,
  WorkerReceipt,
  WorkerSlot,
} from '../workers/protocol.ts'
import { callExport } from './call-export.ts'
import { LoadedModule } from './loaded-module.ts'
import { runCommand } from './run-command.ts'

interface Held {
  readonly loaded: LoadedModule
  /** Undefined for V8's own instances. */
  readonly pooled: PooledModule | undefined
}

export class GuestRunner implements AsyncDisposable {
  readonly engine: Engine
  readonly #number: number
  readonly #modules = new Map<string, Promise<Held>>()
  /** By the engine's number of the module, for as long as it may be in slots. */
  readonly #uids = new Map<number, string>()

  constructor(number: number, { slots, limits }: WorkerOptions) {
    this.#number = number
    // WASI and calls look at a guest's memory anew each time, and copy what they give away.
    this.engine = new Engine({ slots, deadlines: true, keepBuffers: true, ...limits })
  }

  /** A second call for the same UID waits for the first. @param begin is told when code of the module is about to run */
  async load(plan: ModuleToLoad, begin: () => void): Promise<void> {
    const { uid } = plan
    const loading = this.#modules.get(uid) ?? this.#loadWarm(plan, begin)
    this.#modules.set(uid, loading)
    try {
      await loading
    } catch (error) {
      this.#modules.delete(uid)
      throw error
    }
  }

  /** Has so many instances ready in slots. @throws UnusableModuleError */
  async warm(uid: string, instances: number, begin: () => void): Promise<void> {
    const held = await this.#modules.get(uid)
    // Taken back meanwhile.
    if (held === undefined) return
    try {
      begin()
      held.loaded.warmUp(instances)
    } catch (error) {
      throw noInstance(error)
    }
  }

  /** Initialises a module, and makes another one of the state, for all threads. It stays under the UID until it is purged. */
  async snapshot(plan: ModuleToLoad, begin: () => void): Promise<SharedModule> {
    const { loaded, pooled } = await this.#load(plan)
    try {
      begin()
      const snapshot = await loaded.snapshot(pooled!, this.engine)
      this.#modules.set(plan.uid, Promise.resolve({ loaded, pooled: snapshot }))
      this.#uids.set(snapshot.id, plan.uid)
      return await snapshot.share()
    } finally {
      const { complete } = await pooled!.dispose()
      if (complete) this.#uids.delete(pooled!.id)
    }
  }

  /** @throws HostError */
  async run(uid: string, input: GuestInput, begin: () => void): Promise<GuestOutput> {
    const held = await this.#modules.get(uid)
    if (held === undefined) throw new UnknownModuleError(uid)
    begin()
    return input.type === 'command' ? runCommand(held.loaded, input) : callExport(held.loaded, input)
  }

  async purge(uid: string): Promise<WorkerReceipt> {
    const held = await this.#modules.get(uid)
    const receipt = await held?.pooled?.dispose()
    if (receipt === undefined || receipt.complete) {
      this.#modules.delete(uid)
      if (held?.pooled !== undefined) this.#uids.delete(held.pooled.id)
    }
    return receiptOf(this.#number, receipt)
  }

  /** Those that were ever used. */
  slots(residentBytes: boolean): WorkerSlot[] {
    return this.engine
      .slots({ residentBytes })
      .filter(({ state }) => state !== 'untouched')
      .map((slot) => Object.assign(slot, { uid: this.#uids.get(slot.moduleId ?? 0) }))
  }

  /** With an instance ready for the first request. */
  async #loadWarm(plan: ModuleToLoad, begin: () => void): Promise<Held> {
    const held = await this.#load(plan)
    try {
      begin()
      held.loaded.warmUp(1)
      return held
    } catch (error) {
      await held.pooled?.dispose()
      throw noInstance(error)
    }
  }

  async #load(plan: ModuleToLoad): Promise<Held> {
    const { name, content } = plan
    if (content instanceof WebAssembly.Module) {
      return { loaded: new LoadedModule(plan, content, this.engine), pooled: undefined }
    }
    const pooled = await this.engine.deserialize(content as SharedModule, { label: name })
    this.#uids.set(pooled.id, plan.uid)
    return { loaded: new LoadedModule(plan, pooled, this.engine), pooled }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close()
  }
}

function noInstance(error: unknown): UnusableModuleError {
  const message = `No instance of the module can be made: ${(error as Error).message}`
  return new UnusableModuleError(message, { cause: error })
}

/** @param receipt undefined: there was nothing to purge */
function receiptOf(worker: number, receipt: PurgeReceipt | undefined): WorkerReceipt {
  return {
    worker,
    complete: receipt?.complete ?? true,
    slotsCleared: receipt?.slotsCleared ?? 0,
    mappingsRemoved: receipt?.mappingsRemoved ?? 0,
    bytesRemoved: receipt?.bytesRemoved ?? 0,
    durationMs: receipt?.durationMs ?? 0,
    ended: false,
  }
}
