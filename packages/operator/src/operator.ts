/**
 * One operator: watches, and, while it is the one in charge, the controllers. It ends when it is told to, and when it loses its
 * leadership: whoever starts it again starts with nothing in mind.
 */
import type { KubeConfig, V1Node, V1Pod } from '@kubernetes/client-node'
import { type Logger, pino } from 'pino'
import { ClusterEvents } from './cluster-events.ts'
import type { ControllerTimes } from './controller-times.ts'
import { Controllers, type Watches } from './controllers.ts'
import { type PlainAnswer, PlainHttpServer } from './http-server.ts'
import { Cluster } from './kubernetes/cluster.ts'
import { LeadershipLostError } from './kubernetes/errors/leadership-lost-error.ts'
import { LeaderElector } from './kubernetes/leader-elector.ts'
import { WorkQueueMetrics } from './kubernetes/queue/work-queue-metrics.ts'
import { Reflector } from './kubernetes/reflector.ts'
import { nodes, pods, type Resource } from './kubernetes/resource.ts'
import type { ApiObject } from './kubernetes/object.ts'
import { OperatorMetrics } from './metrics.ts'
import { type OperatorOptions, resolveOperatorOptions, type ResolvedOperatorOptions } from './options.ts'
import type { Module } from './resource/module.ts'
import { moduleResource } from './resource/module-resource.ts'
import { watchNumbers } from './operator-numbers.ts'

/** A watch from which nothing was heard for so long, not even a bookmark, is silent: not ready, in milliseconds. */
const silentMs = 180_000

export class Operator {
  readonly options: ResolvedOperatorOptions
  readonly metrics: OperatorMetrics = new OperatorMetrics()
  readonly log: Logger
  /** With the ports that the system chose, once it runs. */
  readonly ports: { health?: number; metrics?: number } = {}
  readonly #kubeConfig: KubeConfig
  readonly #times: Partial<ControllerTimes>
  readonly #queueMetrics = new WorkQueueMetrics(this.metrics.registry)
  #isLeading = false
  #apiAnsweredAtMs: number | undefined
  #watches: Watches | undefined
  #controllers: Controllers | undefined

  /**
   * @param log where messages go. @default JSON lines on standard error
   * @param times for tests, which cannot wait so long
   * @throws InvalidOperatorOptionError
   */
  constructor(
    kubeConfig: KubeConfig,
    options: OperatorOptions = {},
    log?: Logger,
    times: Partial<ControllerTimes> = {},
  ) {
    this.#kubeConfig = kubeConfig
    this.#times = times
    const ownNamespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace
    this.options = resolveOperatorOptions(options, ownNamespace)
    this.log = log ?? pino({ level: this.options.logLevel }, pino.destination({ fd: 2, sync: true }))
    // One that never is in charge says so too.
    this.#setLeading(false)
  }

  /** Whether this one is in charge. */
  get isLeading(): boolean {
    return this.#isLeading
  }

  /** Works until the signal is aborted. @throws LeadershipLostError; InvalidOperatorOptionError; what keeps ports from being had */
  async run(signal: AbortSignal): Promise<void> {
    await using cluster = Cluster.fromKubeConfig(this.#kubeConfig, {
      onRequest: ({ method, code }) => {
        this.metrics.requests.inc({ method, code: String(code) })
        if (typeof code === 'number' && code < 500) this.#apiAnsweredAtMs = performance.now()
      },
    })
    await using health = this.#healthServer()
    await using metrics = this.#metricsServer()
    this.ports.health = await health.listen('healthListen', this.options.healthListen)
    this.ports.metrics = await metrics.listen('metricsListen', this.options.metricsListen)
    const { namespace, hostSelector } = this.options
    watchNumbers(
      this.metrics,
      () => this.#watches,
      () => this.#controllers?.hosts ?? [],
    )
    this.log.info({ ...this.ports, namespace, hostSelector }, 'started')
    await this.#campaign(cluster, signal)
    this.log.info('ended')
  }

  async #campaign(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { leaderElection, leaseName, leaseDurationMs, namespace, identity } = this.options
    if (!leaderElection) return await this.#lead(cluster, signal, () => undefined)
    const elector = new LeaderElector({
      cluster,
      namespace,
      name: leaseName,
      identity: `${identity}_${crypto.randomUUID()}`,
      leaseDurationMs,
      renewDeadlineMs: Math.floor((leaseDurationMs * 2) / 3),
      retryPeriodMs: Math.max(100, Math.floor(leaseDurationMs / 7.5)),
      onError: (error) => this.log.warn({ err: error }, 'the lease could not be had or renewed'),
      onHolder: (holder) => this.log.info({ holder }, 'another one is in charge'),
    })
    const checkLeading = (): void => {
      if (!elector.isLeader()) throw new LeadershipLostError('The lease was not renewed in time.')
    }
    await elector.run({ signal, lead: (leading) => this.#lead(cluster, leading, checkLeading) })
  }

  /** Watches begin anew with each term: their first lists are of what is there now, and so have all that the one before has written. */
  async #lead(cluster: Cluster, signal: AbortSignal, checkLeading: () => void): Promise<void> {
    const { leaseName, namespace, moduleNamespace, hostSelector, identity } = this.options
    this.#setLeading(true)
    this.log.info({ identity }, 'in charge')
    await using modules = this.#reflector<Module>(
      cluster,
      moduleResource,
      moduleNamespace === undefined ? {} : { namespace: moduleNamespace },
    )
    await using hosts = this.#reflector<V1Pod>(cluster, pods, { namespace, labelSelector: hostSelector })
    await using machines = this.#reflector<V1Node>(cluster, nodes, {})
    const watches = { modules, pods: hosts, nodes: machines }
    this.#watches = watches
    try {
      for (const watch of Object.values(watches)) watch.start()
      const ended = new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await Promise.race([Promise.all(Object.values(watches).map((watch) => watch.synced)), ended])
      if (signal.aborted) return
      await using events = new ClusterEvents(cluster, identity, this.log)
      await using controllers = new Controllers({
        cluster,
        watches,
        options: this.options,
        metrics: this.metrics,
        queueMetrics: this.#queueMetrics,
        events,
        log: this.log,
        apiAnsweredAtMs: () => this.#apiAnsweredAtMs,
        checkLeading,
        times: this.#times,
      })
      this.#controllers = controllers
      controllers.start()
      await ended
    } finally {
      this.#controllers = undefined
      this.#watches = undefined
      this.#setLeading(false)
      this.log.info({ leaseName }, 'not in charge any more')
    }
  }

  #setLeading(isLeading: boolean): void {
    this.#isLeading = isLeading
    this.metrics.leading.set({ name: this.options.leaseName }, Number(isLeading))
  }

  #reflector<T extends ApiObject>(
    cluster: Cluster,
    resource: Resource,
    where: { readonly namespace?: string; readonly labelSelector?: string },
  ): Reflector<T> {
    return new Reflector<T>({
      cluster,
      resource,
      ...where,
      indexers: { uid: ({ metadata }) => (metadata?.uid === undefined ? [] : [metadata.uid]) },
      onError: ({ error, phase, failures, retryInMs }) =>
        this.log.warn(
          { err: error, resource: resource.plural, phase, failures, retryInMs },
          'a watch failed',
        ),
    })
  }

  #healthServer(): PlainHttpServer {
    return new PlainHttpServer({
      '/healthz': () => text(200, 'ok'),
      '/readyz': () => {
        const problem = this.#notReady()
        return problem === undefined ? text(200, 'ok') : text(503, problem)
      },
    })
  }

  /** In words; undefined: it is ready. One that waits to be in charge is, while the API server answers it. */
  #notReady(): string | undefined {
    for (const [name, watch] of Object.entries(this.#watches ?? {})) {
      if (!watch.hasSynced) return `the list of ${name} is not there yet`
      if (watch.isSilent(silentMs)) return `nothing was heard of ${name} for ${silentMs} ms`
    }
    if (this.#watches !== undefined) return undefined
    if (this.#apiAnsweredAtMs === undefined) return 'the API server has not answered yet'
    return performance.now() - this.#apiAnsweredAtMs > silentMs ? 'the API server does not answer' : undefined
  }

  #metricsServer(): PlainHttpServer {
    return new PlainHttpServer({
      '/metrics': async () => ({
        status: 200,
        contentType: this.metrics.registry.contentType,
        body: await this.metrics.registry.metrics(),
      }),
    })
  }
}

function text(status: number, body: string): PlainAnswer {
  return { status, contentType: 'text/plain', body: `${body}\n` }
}
