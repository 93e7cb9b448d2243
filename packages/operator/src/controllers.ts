/**
 * What the operator in charge does: Modules and pods, as the watches show them, become keys in two queues, and handlers work on those.
 *
 *     Modules ──┐                     ┌──► module queue ──► ModuleController
 *     Pods ─────┼─► HostDirectory ────┤
 *     Nodes ────┘   (asks hosts)      └──► pod queue ──► PodHolder
 *                                          each minute ──► OrphanSweeper
 *     ModuleController ──► BackgroundSources ──► module queue, when bytes are here, or why not
 *
 * Watches' handlers only enqueue, and so does what fetches bytes.
 */
import type { V1Node, V1Pod } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { type ControllerTimes, usualTimes } from './controller-times.ts'
import { Latest } from './controller/latest.ts'
import { ledgerOf } from './controller/ledger.ts'
import { LedgerIndex } from './controller/ledger-index.ts'
import { ModuleController } from './controller/module-controller.ts'
import { type EventSink, ModuleEvents } from './controller/module-events.ts'
import { ModuleQueue } from './controller/module-queue.ts'
import { areFar, numbersOf } from './controller/numbers.ts'
import { StatusWriter } from './controller/status-writer.ts'
import { HostClient } from './hosts/host-client.ts'
import { HostDirectory, type KnownHost } from './hosts/host-directory.ts'
import { tokenFromFile } from './hosts/host-token.ts'
import { OrphanSweeper } from './hosts/orphan-sweeper.ts'
import { PodHolder } from './hosts/pod-holder.ts'
import { PodQueue } from './hosts/pod-queue.ts'
import type { ApiClient } from './kubernetes/cluster/api-client.ts'
import { LeaderOnly } from './leader-only.ts'
import { keyOf } from './kubernetes/object.ts'
import type { WorkQueueMetrics } from './kubernetes/queue/work-queue-metrics.ts'
import type { Reflector } from './kubernetes/reflector.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { ResolvedOperatorOptions } from './options.ts'
import { type Module, podFinalizer } from './resource/module.ts'
import { BackgroundSources } from './sources/background-sources.ts'

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
  /** @default the usual ones */
  readonly times?: Partial<ControllerTimes>
}

export class Controllers implements AsyncDisposable {
  readonly #given: ControllersOptions
  readonly #times: ControllerTimes
  readonly #latest: Latest<Module>
  readonly #holder: PodHolder
  readonly #index: LedgerIndex
  readonly #status: StatusWriter
  readonly #client: HostClient
  readonly #directory: HostDirectory
  readonly #sources: BackgroundSources
  readonly #sweeper: OrphanSweeper
  readonly #modules: ModuleQueue
  readonly #pods: PodQueue
  readonly #subscriptions: (() => void)[] = []
  readonly #timers: NodeJS.Timeout[] = []

  constructor(given: ControllersOptions) {
    this.#given = given
    this.#times = { ...usualTimes, ...given.times }
    const { options, watches, events, apiAnsweredAtMs, checkLeading } = given
    const cluster = new LeaderOnly(given.cluster, checkLeading)
    const { hostTokenFile, hostTimeoutMs, probeMs, retryMs, moduleBytes, purgeWaitMs, pathGraceMs } = options
    const owner = `warmslot-operator/${options.namespace}/${options.leaseName}`
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
    this.#sources = new BackgroundSources({
      cluster,
      moduleBytes,
      retryMs,
      told: (key) => this.#modules.add(key),
    })
    const isNeeded = (podUID: string): boolean => this.#index.names(podUID)
    this.#holder = new PodHolder(
      cluster,
      crypto.randomUUID(),
      (podUID) => watches.pods.store.byIndex('uid', podUID)[0],
      isNeeded,
      (podUID) => this.#pods.add(podUID),
    )
    this.#pods = new PodQueue({
      ...given,
      holder: this.#holder,
      isNeeded,
      retryMs,
      firstReleaseMs: this.#times.firstReleaseMs,
      modulesSeenAtMs: () => watches.modules.lastActivityAt,
    })
    const controller = new ModuleController({
      cluster,
      client: this.#client,
      directory: this.#directory,
      holder: this.#holder,
      sources: this.#sources,
      wantsNoBytes: (module) => this.#sources.leave(keyOf(module)),
      events: new ModuleEvents(events),
      latest: this.#latest,
      status: this.#status,
      node: (name) => (name === undefined ? undefined : watches.nodes.store.get(name)),
      owner,
      purgeWaitMs,
      pathGraceMs,
      apiAnsweredAtMs,
    })
    this.#modules = new ModuleQueue({
      ...given,
      store: watches.modules.store,
      reconcile: (module, signal) => controller.reconcile(module, signal),
      concurrency: options.concurrency,
      retryMs,
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
    const { modules, pods, nodes } = this.#given.watches
    this.#subscriptions.push(
      modules.subscribe({
        added: (module) => this.#moduleSeen(module),
        updated: (module) => this.#moduleSeen(module),
        deleted: (module) => this.#moduleGone(module),
      }),
      pods.subscribe({
        added: (pod) => this.#podSeen(pod),
        updated: (pod) => this.#podSeen(pod),
        deleted: (pod) => this.#podGone(pod.metadata?.uid ?? ''),
      }),
      // A heartbeat changes nothing here; a boot does.
      nodes.subscribe({
        added: () => this.#enqueueAll(),
        updated: (node, old) => {
          if (node.status?.nodeInfo?.bootID !== old.status?.nodeInfo?.bootID) this.#enqueueAll()
        },
      }),
    )
    this.#pods.start()
    this.#every(this.#times.resyncMs, () => this.#enqueueAll())
    this.#every(this.#times.numbersLookMs, () => this.#lookAtNumbers())
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
    await Promise.all([this.#modules, this.#pods, this.#sources].map((one) => one[Symbol.asyncDispose]()))
    await this.#client[Symbol.asyncDispose]()
  }

  #moduleSeen(module: Module): void {
    this.#index.set(this.#latest.of(module))
    const key = keyOf(module)
    this.#modules.add(key)
    if (module.metadata.deletionTimestamp == null) return
    // Its source, or a host that loads it, may take minutes yet: nobody wants what comes of it. In this order: what was under way for it
    // begins no download any more.
    this.#modules.endLoad(key)
    this.#sources.leave(key)
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
    this.#sources.leave(keyOf(module))
  }

  #podSeen(pod: V1Pod): void {
    this.#directory.seen(pod)
    const { uid = '', finalizers } = pod.metadata ?? {}
    if (finalizers?.includes(podFinalizer) || this.#index.names(uid)) this.#pods.add(uid)
  }

  #podGone(uid: string): void {
    this.#directory.gone(uid)
    this.#holder.forget(uid)
  }

  /** A host means something to every Module: it lacks some, and others wait for what it proves. */
  #hostChanged({ pod, failing }: KnownHost): void {
    this.#given.log.debug({ host: pod.name, failing: failing?.reason }, 'a host has changed')
    this.#enqueueAll()
  }

  #enqueueAll(): void {
    for (const module of this.#given.watches.modules.store.list()) this.#modules.add(keyOf(module))
  }

  /** Slots and bytes change by themselves, and nothing says so. Those of deleted Modules are told with what keeps them. */
  #lookAtNumbers(): void {
    for (const seen of this.#given.watches.modules.store.list()) {
      const module = this.#latest.of(seen)
      const { metadata, status } = module
      if (metadata.deletionTimestamp != null || !this.#status.mayWriteNumbers(metadata.uid ?? '')) continue
      const found = numbersOf(status, ledgerOf(module), (podUID) => this.#directory.get(podUID))
      if (areFar(status, found)) this.#modules.add(keyOf(seen))
    }
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
