/**
 * What the operator in charge does: Modules and pods, as the watches show them, become keys in two queues, and handlers work on those.
 *
 *     Modules ──┐                     ┌──► module queue ──► ModuleController
 *     Pods ─────┼─► HostDirectory ────┤
 *     Nodes ────┘   (asks hosts)      └──► pod queue ──► PodHolder
 *                                          each minute ──► OrphanSweeper
 *
 * Watches' handlers only enqueue.
 */
import type { V1Node, V1Pod } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { Latest } from './controller/latest.ts'
import { LedgerIndex } from './controller/ledger-index.ts'
import { ModuleController } from './controller/module-controller.ts'
import { type EventSink, ModuleEvents } from './controller/module-events.ts'
import { StatusWriter } from './controller/status-writer.ts'
import { HostClient } from './hosts/host-client.ts'
import { HostDirectory, type KnownHost } from './hosts/host-directory.ts'
import { tokenFromFile } from './hosts/host-token.ts'
import { OrphanSweeper } from './hosts/orphan-sweeper.ts'
import { PodHolder } from './hosts/pod-holder.ts'
import type { ApiClient } from './kubernetes/cluster/api-client.ts'
import { LeaderOnly } from './leader-only.ts'
import { KubernetesApiError } from './kubernetes/errors/kubernetes-api-error.ts'
import { keyOf } from './kubernetes/object.ts'
import { WorkQueueMetrics } from './kubernetes/queue/work-queue-metrics.ts'
import type { HandlerResult } from './kubernetes/queue/work-queue-options.ts'
import type { Reflector } from './kubernetes/reflector.ts'
import { WorkQueue } from './kubernetes/work-queue.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { ResolvedOperatorOptions } from './options.ts'
import { type Module, podFinalizer } from './resource/module.ts'
import { ModuleSources } from './sources/module-source.ts'

export interface Watches {
  readonly modules: Reflector<Module>
  /** Of hosts. */
  readonly pods: Reflector<V1Pod>
  readonly nodes: Reflector<V1Node>
}

export interface ControllersOptions {
  readonly cluster: ApiClient
  readonly watches: Watches
  readonly options: ResolvedOperatorOptions
  readonly metrics: OperatorMetrics
  readonly queueMetrics: WorkQueueMetrics
  readonly events: EventSink
  readonly log: Logger
  readonly apiAnsweredAtMs: () => number | undefined
  /** Throws where this process is not in charge any more. */
  readonly checkLeading: () => void
  readonly times?: Partial<ControllerTimes>
}

/** In milliseconds; no options of the operator, since nobody needs others but tests. */
export interface ControllerTimes {
  /** How often all Modules are looked at though nothing has changed. @default 600_000 */
  readonly resyncMs: number
  /** How often hosts' lists are looked at for modules without a Module. @default 30_000 */
  readonly sweepMs: number
  /** How long such a module is left alone. @default 60_000 */
  readonly orphanGraceMs: number
  /** Before it no pod is let go: longer than any request to the API server takes. @default 45_000 */
  readonly firstReleaseMs: number
  /** Between two writes of a status in which only numbers have changed. @default 60_000 */
  readonly numbersIntervalMs: number
}

/** Why a load was ended. */
const deleted = new Error('the Module was deleted meanwhile')

const usualTimes: ControllerTimes = {
  resyncMs: 600_000,
  sweepMs: 30_000,
  orphanGraceMs: 60_000,
  firstReleaseMs: 45_000,
  numbersIntervalMs: 60_000,
}

export class Controllers implements AsyncDisposable {
  readonly #given: ControllersOptions
  readonly #times: ControllerTimes
  readonly #latest: Latest<Module>
  readonly #index: LedgerIndex
  readonly #status: StatusWriter
  readonly #client: HostClient
  readonly #directory: HostDirectory
  readonly #sources: ModuleSources
  readonly #holder: PodHolder
  readonly #controller: ModuleController
  readonly #sweeper: OrphanSweeper
  readonly #modules: WorkQueue<string>
  readonly #pods: WorkQueue<string>
  readonly #subscriptions: (() => void)[] = []
  readonly #timers: NodeJS.Timeout[] = []
  readonly #startedAtMs = performance.now()

  constructor(given: ControllersOptions) {
    this.#given = given
    this.#times = { ...usualTimes, ...given.times }
    const { options, metrics, watches, queueMetrics, events, apiAnsweredAtMs, checkLeading, log } = given
    const cluster = new LeaderOnly(given.cluster, checkLeading)
    const { hostTokenFile, hostTimeoutMs, probeMs, retryMs, moduleBytes, purgeWaitMs, pathGraceMs } = options
    const owner = `warmslot-operator/${options.namespace}/${options.leaseName}`
    const backOff = { initialMs: Math.min(500, retryMs), maxMs: retryMs, factor: 2, jitter: 0.3 }
    const failed = (name: string) => (error: unknown, key: string, failures: number, retryInMs: number) => {
      metrics.reconcileErrors.inc({ controller: name })
      // Somebody else was first: that is how it is meant.
      const level = KubernetesApiError.isInstance(error) && error.isConflict ? 'debug' : 'warn'
      log[level](
        { err: error, key, failures, retryInMs },
        `the ${name} could not be brought to where it shall be`,
      )
    }
    this.#modules = new WorkQueue({
      backOff,
      observer: queueMetrics.observer('module'),
      onError: failed('module'),
    })
    this.#pods = new WorkQueue({ backOff, observer: queueMetrics.observer('pod'), onError: failed('pod') })
    this.#index = new LedgerIndex((podUID) => this.#pods.add(podUID))
    this.#latest = new Latest((module) => this.#index.set(module))
    this.#status = new StatusWriter({
      cluster,
      latest: this.#latest,
      numbersIntervalMs: this.#times.numbersIntervalMs,
    })
    const token = hostTokenFile === undefined ? undefined : tokenFromFile(hostTokenFile)
    this.#client = new HostClient({
      timeoutMs: hostTimeoutMs,
      check: checkLeading,
      ...(token ? { token } : {}),
    })
    this.#directory = new HostDirectory({
      client: this.#client,
      probeMs,
      changed: (host) => this.#hostChanged(host),
    })
    this.#sources = new ModuleSources({ cluster, moduleBytes })
    this.#holder = new PodHolder(
      cluster,
      crypto.randomUUID(),
      (podUID) => watches.pods.store.byIndex('uid', podUID)[0],
      (podUID) => this.#index.names(podUID),
      (podUID) => this.#pods.add(podUID),
    )
    this.#controller = new ModuleController({
      cluster,
      client: this.#client,
      directory: this.#directory,
      holder: this.#holder,
      sources: this.#sources,
      events: new ModuleEvents(events),
      latest: this.#latest,
      status: this.#status,
      node: (name) => (name === undefined ? undefined : watches.nodes.store.get(name)),
      owner,
      purgeWaitMs,
      pathGraceMs,
      apiAnsweredAtMs,
    })
    this.#sweeper = new OrphanSweeper({
      client: this.#client,
      owner,
      graceMs: this.#times.orphanGraceMs,
      isKnown: (uid) =>
        watches.modules.hasSynced ? watches.modules.store.byIndex('uid', uid).length > 0 : undefined,
      swept: (host, hostUID, error) => this.#swept(host, hostUID, error),
    })
  }

  /** Works until it is disposed. */
  start(): void {
    const { watches, options, metrics, queueMetrics } = this.#given
    const { modules, pods, nodes } = watches
    this.#subscriptions.push(
      modules.subscribe({
        added: (module) => this.#moduleSeen(module),
        updated: (module) => this.#moduleSeen(module),
        deleted: (module) => this.#moduleGone(module),
      }),
      pods.subscribe({
        added: (pod) => this.#podSeen(pod),
        updated: (pod) => this.#podSeen(pod),
        deleted: (pod) => this.#directory.gone(pod.metadata?.uid ?? ''),
      }),
      // A heartbeat changes nothing here; a boot does.
      nodes.subscribe({
        added: () => this.#enqueueAll(),
        updated: (node, old) => {
          if (node.status?.nodeInfo?.bootID !== old.status?.nodeInfo?.bootID) this.#enqueueAll()
        },
      }),
      queueMetrics.watch('module', this.#modules),
      queueMetrics.watch('pod', this.#pods),
    )
    metrics.mostWorkers.set({ controller: 'module' }, options.concurrency)
    void this.#modules.run((key, signal) => this.#reconcileModule(key, signal), {
      concurrency: options.concurrency,
    })
    void this.#pods.run((podUID) => this.#settlePod(podUID), { concurrency: 4 })
    this.#every(this.#times.resyncMs, () => this.#enqueueAll())
    this.#every(this.#times.sweepMs, () => void this.#sweeper.sweep(this.#directory.hosts()))
  }

  /** Hosts, as far as they are known. */
  get hosts(): readonly KnownHost[] {
    return this.#directory.hosts()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#subscriptions) end()
    for (const timer of this.#timers) clearInterval(timer)
    this.#directory[Symbol.dispose]()
    await Promise.all([this.#modules[Symbol.asyncDispose](), this.#pods[Symbol.asyncDispose]()])
    await Promise.all([this.#client[Symbol.asyncDispose](), this.#sources[Symbol.asyncDispose]()])
  }

  #moduleSeen(module: Module): void {
    this.#index.set(this.#latest.of(module))
    const key = keyOf(module)
    this.#modules.add(key)
    // Its source, or a host that loads it, may take minutes yet: nobody wants what comes of it.
    if (module.metadata.deletionTimestamp != null) this.#loads.get(key)?.abort(deleted)
  }

  #moduleGone(module: Module): void {
    const { uid = '', deletionTimestamp } = module.metadata
    const { metrics } = this.#given
    if (deletionTimestamp != null) {
      const forced = module.status?.conditions?.some(
        (one) => one.type === 'Purged' && one.reason === 'ForceReleased',
      )
      metrics.released.inc({ how: forced ? 'forced' : 'proved' })
      metrics.releaseSeconds.observe((Date.now() - new Date(deletionTimestamp).getTime()) / 1_000)
    }
    this.#latest.forget(uid)
    this.#status.forget(uid)
    this.#index.delete(uid)
    this.#modules.forget(keyOf(module))
  }

  #podSeen(pod: V1Pod): void {
    this.#directory.seen(pod)
    const { uid = '', finalizers } = pod.metadata ?? {}
    if (finalizers?.includes(podFinalizer) || this.#index.names(uid)) this.#pods.add(uid)
  }

  /** A host means something to every Module: it lacks some, and others wait for what it proves. */
  #hostChanged({ pod, failing }: KnownHost): void {
    this.#given.log.debug({ host: pod.name, failing: failing?.reason }, 'a host has changed')
    this.#enqueueAll()
  }

  #enqueueAll(): void {
    for (const module of this.#given.watches.modules.store.list()) this.#modules.add(keyOf(module))
  }

  async #reconcileModule(key: string, signal: AbortSignal): Promise<HandlerResult | void> {
    const { metrics, watches } = this.#given
    const module = watches.modules.store.get(key)
    if (module === undefined) return
    const labels = { controller: 'module' }
    const isLoad = module.metadata.deletionTimestamp == null
    const load = new AbortController()
    if (isLoad) this.#loads.set(key, load)
    const end = metrics.reconcileSeconds.startTimer(labels)
    metrics.activeWorkers.inc(labels)
    try {
      const outcome = await this.#controller.reconcile(module, AbortSignal.any([signal, load.signal]))
      metrics.reconciles.inc({ ...labels, result: outcome === 'again' ? 'requeue_after' : 'success' })
      // Its delay grows with each look: the queue forgets it when it ends well.
      if (outcome === 'again') return { requeueAfterMs: this.#pause(key) }
      this.#pauses.delete(key)
    } catch (error) {
      // It is in the queue again.
      if (error === deleted) return
      metrics.reconciles.inc({ ...labels, result: 'error' })
      throw error
    } finally {
      this.#loads.delete(key)
      metrics.activeWorkers.dec(labels)
      end()
    }
  }

  readonly #pauses = new Map<string, number>()
  /** By key: those that are under way for Modules that are not deleted, as far as is known. */
  readonly #loads = new Map<string, AbortController>()

  /** Until the next look at what is not settled, in milliseconds: it doubles, up to `retryMs`. */
  #pause(key: string): number {
    const { retryMs } = this.#given.options
    const pauseMs = Math.min(retryMs, this.#pauses.get(key) ?? 500)
    this.#pauses.set(key, pauseMs * 2)
    return pauseMs * (1 + Math.random() * 0.3)
  }

  /**
   * What the one before in charge has sent may still be under way: no pod is let go until that has had its time, and the watch of Modules has
   * brought something since (a bookmark at least): so it has brought what came of it.
   */
  async #settlePod(podUID: string): Promise<HandlerResult | void> {
    const { modules } = this.#given.watches
    const sinceMs = this.#startedAtMs + this.#times.firstReleaseMs
    if (!this.#index.names(podUID) && modules.lastActivityAt < sinceMs)
      return { requeueAfterMs: Math.max(1_000, sinceMs - performance.now()) }
    await this.#holder.settle(podUID)
  }

  #swept(host: KnownHost, hostUID: string, error: unknown): void {
    const { log, metrics } = this.#given
    const where = { host: host.pod.name, hostUID }
    if (error === undefined) {
      metrics.orphans.inc()
      log.warn(where, 'a module without a Module is purged')
    } else log.warn({ ...where, err: error }, 'a module without a Module could not be purged')
  }

  #every(intervalMs: number, work: () => void): void {
    const timer = setInterval(work, intervalMs)
    timer.unref()
    this.#timers.push(timer)
  }
}
