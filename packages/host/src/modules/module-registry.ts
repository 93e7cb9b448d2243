/**
 * The modules of this host: by UID, and by name for requests. Where several have a name, the one that became ready last answers, so
 * that a module can be replaced without a gap: the new one is put, then the old one is deleted.
 */
import { HostError } from '../errors/host-error.ts'
import { ModuleConflictError } from '../errors/module-conflict-error.ts'
import { UnavailableError } from '../errors/unavailable-error.ts'
import { UnknownModuleError } from '../errors/unknown-module-error.ts'
import type { HostMetrics } from '../metrics.ts'
import type { GuestInput, GuestOutput } from '../workers/protocol.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import { HostModule, type HostReceipt, type ModuleIdentity } from './host-module.ts'
import type { ModuleCompiler } from './module-compiler.ts'
import type { ModuleSettings } from './module-settings.ts'
import { discardModule, purgeModule, receiptOfNothing } from './purge-module.ts'

/** Receipts of so many modules are kept, for those who ask again; no module comes under a UID that has one. */
const mostReceipts = 10_000

export interface ModuleRegistryOptions {
  /** UUID of this host, for receipts. */
  readonly instance: string
  /** Called when a module is gone. @default nothing */
  readonly purged?: () => void
}

export class ModuleRegistry {
  /** Whether modules are still to come that are known from the start: requests for them are to come again. */
  isStarting = true
  /** Changes with every run that begins or ends, and with every module that comes or goes. */
  activity = 0
  readonly #workers: WorkerPool
  readonly #compiler: ModuleCompiler
  readonly #metrics: HostMetrics
  readonly #instance: string
  readonly #modules = new Map<string, HostModule>()
  /** By name, the one that became ready last at the end. */
  readonly #ready = new Map<string, HostModule[]>()
  readonly #receipts = new Map<string, HostReceipt>()
  readonly #purged: () => void

  constructor(
    workers: WorkerPool,
    compiler: ModuleCompiler,
    metrics: HostMetrics,
    { instance, purged = () => undefined }: ModuleRegistryOptions,
  ) {
    this.#instance = instance
    this.#workers = workers
    this.#compiler = compiler
    this.#metrics = metrics
    this.#purged = purged
  }

  /** All that are not purged. */
  list(): readonly HostModule[] {
    return [...this.#modules.values()]
  }

  get(uid: string): HostModule | undefined {
    return this.#modules.get(uid)
  }

  /** Of a module that is purged, or was deleted before it came. */
  receiptOf(uid: string): HostReceipt | undefined {
    return this.#receipts.get(uid)
  }

  /** The one that requests for this name go to. @throws UnknownModuleError, UnavailableError while it is being loaded */
  named(name: string): HostModule {
    const ready = this.#ready.get(name)?.at(-1)
    if (ready !== undefined) return ready
    const loading = this.list().some(({ identity, state }) => identity.name === name && state === 'loading')
    if (this.isStarting) throw new UnavailableError('The host is starting.')
    if (loading) throw new UnavailableError(`Module "${name}" is being loaded.`)
    throw new UnknownModuleError(name)
  }

  /**
   * Loads a module into all workers; the same again does nothing.
   * @returns the module, and whether it was new
   * @throws ModuleConflictError for a UID that has other bytes, another name or another owner; UnusableModuleError, ReportedError
   */
  async put(
    identity: ModuleIdentity,
    settings: ModuleSettings,
    bytes: Uint8Array<ArrayBuffer>,
    owner?: string,
  ): Promise<{ module: HostModule; created: boolean }> {
    const present = this.#modules.get(identity.uid)
    if (present !== undefined) {
      checkSame(present, identity, settings, owner)
      await present.loading
      return { module: present, created: false }
    }
    if (this.#receipts.has(identity.uid))
      throw new ModuleConflictError(
        `Module "${identity.uid}" was purged, or deleted before it came. A new module has a new UID.`,
      )
    const module = new HostModule(identity, settings, bytes.byteLength, owner)
    this.#modules.set(identity.uid, module)
    this.activity += 1
    module.loading = this.#load(module, bytes)
    await module.loading
    return { module, created: true }
  }

  /** Runs a guest of a module that is ready. @throws HostError */
  async run(module: HostModule, input: GuestInput, signal?: AbortSignal): Promise<GuestOutput> {
    if (module.state !== 'ready')
      throw new UnavailableError(`Module "${module.identity.name}" is ${module.state}.`)
    const start = performance.now()
    let outcome = 'ok'
    module.requests += 1
    this.activity += 1
    try {
      return await this.#workers.run(module.identity.uid, input, signal)
    } catch (error) {
      outcome = HostError.isInstance(error) ? error.code : 'ABORTED'
      throw error
    } finally {
      module.left()
      this.activity += 1
      this.#metrics.guestEnded(module.identity.name, outcome, performance.now() - start)
    }
  }

  /**
   * Purges a module. A second call returns the same promise.
   * @param identity whose module it is meant to be: then one that is not here gets a receipt as well, and is kept from coming
   * @throws UnknownModuleError, ModuleConflictError for a UID that has other bytes
   */
  delete(uid: string, identity?: ModuleIdentity): Promise<HostReceipt> {
    const receipt = this.#receipts.get(uid)
    if (receipt !== undefined) {
      if (identity !== undefined) checkDigest(receipt, identity)
      return Promise.resolve(receipt)
    }
    const module = this.#modules.get(uid)
    if (module !== undefined) {
      if (identity !== undefined) checkDigest(module.identity, identity)
      module.isUnwanted ||= identity !== undefined
      return (module.purge ??= this.#purge(module))
    }
    if (identity === undefined) throw new UnknownModuleError(uid)
    return Promise.resolve(this.#remember(receiptOfNothing(identity, this.#instance)))
  }

  async #load(module: HostModule, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#workers.load(await this.#compiler.compile(module, bytes))
    } catch (error) {
      await discardModule(module, this.#workers)
      this.#modules.delete(module.identity.uid)
      if (module.isUnwanted) this.#remember(receiptOfNothing(module.identity, this.#instance))
      throw error
    }
    module.state = 'ready'
    const { name } = module.identity
    this.#ready.set(name, [...(this.#ready.get(name) ?? []), module])
  }

  async #purge(module: HostModule): Promise<HostReceipt> {
    const { uid, name } = module.identity
    try {
      await module.loading
    } catch {
      // It has gone by itself.
      const receipt = this.#receipts.get(uid)
      if (receipt !== undefined) return receipt
      throw new UnknownModuleError(uid)
    }
    const others = this.#ready.get(name)?.filter((one) => one !== module) ?? []
    if (others.length > 0) this.#ready.set(name, others)
    else this.#ready.delete(name)
    const receipt = await purgeModule(module, this.#workers, this.#instance)
    this.#metrics.purges.inc({ complete: String(receipt.complete) })
    if (!this.list().some((one) => one !== module && one.identity.name === name)) this.#metrics.forget(name)
    this.#metrics.purgeSeconds.observe(receipt.durationMs / 1000)
    this.#modules.delete(uid)
    this.activity += 1
    this.#purged()
    return this.#remember(receipt)
  }

  #remember(receipt: HostReceipt): HostReceipt {
    this.#receipts.set(receipt.uid, receipt)
    if (this.#receipts.size > mostReceipts)
      for (const oldest of this.#receipts.keys().take(1)) this.#receipts.delete(oldest)
    return receipt
  }
}

function checkDigest({ uid, digest }: ModuleIdentity, wanted: ModuleIdentity): void {
  if (digest !== wanted.digest)
    throw new ModuleConflictError(`Module "${uid}" has ${digest}, not ${wanted.digest}. Nothing was deleted.`)
}

function checkSame(
  present: HostModule,
  wanted: ModuleIdentity,
  settings: ModuleSettings,
  owner: string | undefined,
): void {
  const { identity, state } = present
  if (state !== 'loading' && state !== 'ready')
    throw new ModuleConflictError(`Module "${identity.uid}" is being purged. A new module has a new UID.`)
  const same = identity.digest === wanted.digest && identity.name === wanted.name && present.owner === owner
  if (same && JSON.stringify(present.settings) === JSON.stringify(settings)) return
  throw new ModuleConflictError(
    `Module "${identity.uid}" is here already, as "${identity.name}" with ${identity.digest}, of another owner, or with other settings. What is put under a UID stays.`,
  )
}
