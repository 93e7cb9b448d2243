/**
 * The real queue, controller and sources of Modules over an API server in memory, with one host; no network, and time stands still until a test
 * moves it. Watches show what was written at once.
 */
import type { V1Pod } from '@kubernetes/client-node'
import { pino } from 'pino'
import { Latest } from '../../src/controller/latest.ts'
import { LedgerIndex } from '../../src/controller/ledger-index.ts'
import { ModuleController } from '../../src/controller/module-controller.ts'
import { ModuleEvents } from '../../src/controller/module-events.ts'
import { ModuleQueue } from '../../src/controller/module-queue.ts'
import { StatusWriter } from '../../src/controller/status-writer.ts'
import type { HostApi } from '../../src/hosts/host-client.ts'
import type { KnownHost } from '../../src/hosts/host-directory.ts'
import { PodHolder } from '../../src/hosts/pod-holder.ts'
import type { ApiRequest } from '../../src/kubernetes/cluster/api-request.ts'
import { findCondition } from '../../src/kubernetes/conditions.ts'
import { keyOf } from '../../src/kubernetes/object.ts'
import { WorkQueueMetrics } from '../../src/kubernetes/queue/work-queue-metrics.ts'
import { OperatorMetrics } from '../../src/metrics.ts'
import type { Module, ModuleSource } from '../../src/resource/module.ts'
import { BackgroundSources } from '../../src/sources/background-sources.ts'
import { ApiState, type HistoryEvent } from './api-state.ts'
import { host, pod } from './host-records.ts'
import { ManualClock, settle } from './manual-clock.ts'
import { MemoryCluster } from './memory-cluster.ts'
import { ScriptedDownloader } from './scripted-downloader.ts'

const collection = '/apis/warmslot.dev/v1alpha1/namespaces/ns/modules'
const podPath = '/api/v1/namespaces/hosts/pods/host-a'

export class ModuleWorld implements AsyncDisposable {
  readonly state: ApiState = new ApiState()
  readonly clock: ManualClock = new ManualClock()
  readonly downloader: ScriptedDownloader = new ScriptedDownloader()
  /** Names and reasons, as Events tell them. */
  readonly events: string[] = []
  /** What the host has, by its UID there. */
  readonly loaded: Set<string> = new Set()
  /** To the API server. */
  readonly requests: readonly ApiRequest[]
  /** Keys, in turn. */
  readonly reconciled: string[] = []
  hosts: readonly KnownHost[] = [host()]
  /** How many are worked on. */
  running = 0
  readonly #latest: Latest<Module>
  readonly #index = new LedgerIndex(() => undefined)
  readonly #sources: BackgroundSources
  readonly #queue: ModuleQueue

  constructor() {
    this.state.put(podPath, pod())
    this.state.onEvent = (event) => this.#watched(event)
    const { clock, state, downloader } = this
    const cluster = new MemoryCluster(state, clock)
    this.requests = cluster.requests
    this.#latest = new Latest((module) => this.#index.set(module))
    this.#sources = new BackgroundSources({
      cluster,
      downloader,
      clock,
      random: () => 0,
      retryMs: 30_000,
      told: (key) => this.#queue.add(key),
    })
    const isNeeded = (uid: string): boolean => this.#index.names(uid)
    const controller = new ModuleController({
      cluster,
      client: this.#client(),
      directory: {
        hosts: () => this.hosts,
        get: (uid) => this.hosts.find((one) => one.pod.uid === uid),
        failed: () => undefined,
        isPathHealthy: () => true,
      },
      holder: new PodHolder(
        cluster,
        'term',
        () => state.get(podPath) as V1Pod | undefined,
        isNeeded,
        () => undefined,
      ),
      sources: this.#sources,
      wantsNoBytes: (module) => this.#sources.leave(keyOf(module)),
      events: new ModuleEvents({
        record: ({ metadata }, { reason }) => this.events.push(`${metadata.name} ${reason}`),
      }),
      latest: this.#latest,
      status: new StatusWriter({ cluster, latest: this.#latest, now: () => clock.now() }),
      node: () => undefined,
      owner: 'me',
      purgeWaitMs: 0,
      pathGraceMs: 0,
      apiAnsweredAtMs: () => 0,
    })
    const metrics = new OperatorMetrics()
    this.#queue = new ModuleQueue({
      store: { get: (key: string) => this.module(key.slice('ns/'.length)) } as never,
      reconcile: async (module, signal) => {
        this.reconciled.push(keyOf(module))
        this.running += 1
        try {
          return await controller.reconcile(module, signal)
        } finally {
          this.running -= 1
        }
      },
      concurrency: 16,
      retryMs: 30_000,
      metrics,
      queueMetrics: new WorkQueueMetrics(metrics.registry),
      log: pino({ level: 'silent' }),
      clock,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#queue[Symbol.asyncDispose](), this.#sources[Symbol.asyncDispose]()])
  }

  module(name: string): Module | undefined {
    return this.state.get(`${collection}/${name}`) as Module | undefined
  }

  create(name: string, source: ModuleSource, digest: string): void {
    const metadata = { name, namespace: 'ns', generation: 1 }
    this.state.put(`${collection}/${name}`, { metadata, spec: { source, digest } } as object)
  }

  delete(name: string): void {
    this.state.answer({ method: 'DELETE', path: `${collection}/${name}`, query: new URLSearchParams() })
  }

  /** As when a host has changed. */
  lookAt(name: string): void {
    this.#queue.add(`ns/${name}`)
  }

  /** The condition `Ready`: its reason, and its message. */
  ready(name: string): [string | undefined, string | undefined] {
    const ready = findCondition(this.module(name)?.status?.conditions ?? [], 'Ready')
    return [ready?.reason, ready?.message]
  }

  /** All that can happen without time going by has happened. */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet += 1) {
      const { length } = this.reconciled
      await settle()
      if (this.reconciled.length > length) quiet = 0
    }
  }

  #client(): HostApi {
    return {
      put: async (_url, _instance, { hostUID }) => void this.loaded.add(hostUID),
      purge: async (_url, instance, { hostUID, digest }) => {
        this.loaded.delete(hostUID)
        const kernel = { mappings: 0, descriptors: 0 }
        return { done: true, receipt: { uid: hostUID, digest, instance, complete: true, kernel }, instance }
      },
      has: async (_url, hostUID) => this.loaded.has(hostUID),
    } as HostApi
  }

  /** As `Controllers` does. */
  #watched({ collection: where, type, object }: HistoryEvent): void {
    if (!where.endsWith('/modules')) return
    const module = object as Module
    const key = keyOf(module)
    if (type === 'DELETED') {
      this.#queue.forget(key)
      this.#sources.leave(key)
      return
    }
    this.#queue.add(key)
    if (module.metadata.deletionTimestamp == null) return
    this.#queue.endLoad(key)
    this.#sources.leave(key)
  }
}
