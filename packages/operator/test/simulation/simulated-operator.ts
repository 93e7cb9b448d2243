/**
 * One operator's process: its own, late view of the cluster, and the real controllers. Several may work at once, as when one that was
 * stopped past its lease goes on.
 */
import type { V1Pod } from '@kubernetes/client-node'
import { Latest } from '../../src/controller/latest.ts'
import { LedgerIndex } from '../../src/controller/ledger-index.ts'
import { ModuleController } from '../../src/controller/module-controller.ts'
import { ModuleEvents } from '../../src/controller/module-events.ts'
import { StatusWriter } from '../../src/controller/status-writer.ts'
import type { KnownHost } from '../../src/hosts/host-directory.ts'
import { readHostPod } from '../../src/hosts/host-pod.ts'
import { PodHolder } from '../../src/hosts/pod-holder.ts'
import type { Module } from '../../src/resource/module.ts'
import { type Schedule, type SimulatedApi, SimulatedConnection, type Stored } from './simulated-api.ts'
import { SimulatedHostClient, type SimulatedHosts } from './simulated-hosts.ts'

/** What an operator's process meets. */
export interface Circumstances {
  /** Of the process: another one for each. */
  readonly name: string
  readonly schedule: Schedule
  readonly isLost: () => boolean
  /** By the clock: what it has sent before may still be under way. */
  readonly isLeading: (one: SimulatedOperator) => boolean
  /** Whether a Module's bytes are here when they are asked for. */
  readonly hasSource: () => boolean
}

export class SimulatedOperator {
  readonly #api: SimulatedApi
  readonly #connection: SimulatedConnection
  readonly #client: SimulatedHostClient
  readonly #controller: ModuleController
  readonly #holder: PodHolder
  readonly #index: LedgerIndex
  readonly #latest: Latest<Module>
  readonly #objects = new Map<string, Stored>()
  readonly #known = new Map<string, KnownHost>()
  readonly #unneeded = new Set<string>()
  /** It was killed: what it still does reaches nobody. */
  readonly #killed = new AbortController()
  /** Keys that are being worked on: a queue gives none out twice. */
  readonly #busy = new Set<string>()

  constructor(api: SimulatedApi, hosts: SimulatedHosts, circumstances: Circumstances) {
    const { name, schedule, isLost, isLeading, hasSource } = circumstances
    this.#api = api
    const dead = (): boolean => this.#killed.signal.aborted || isLost()
    const checkLeading = (): void => {
      if (!isLeading(this)) throw new Error('not in charge')
    }
    const cluster = new SimulatedConnection(api, schedule, dead, checkLeading)
    this.#connection = cluster
    this.#client = new SimulatedHostClient(hosts, schedule, dead, checkLeading)
    this.#index = new LedgerIndex((podUID) => this.#unneeded.add(podUID))
    this.#latest = new Latest((module) => this.#index.set(module))
    this.#holder = new PodHolder(
      cluster,
      name,
      (uid) => [...this.#objects.values()].find((one) => one.metadata.uid === uid) as V1Pod | undefined,
      (podUID) => this.#index.names(podUID),
      (podUID) => this.#unneeded.add(podUID),
    )
    this.#controller = new ModuleController({
      cluster,
      client: this.#client,
      directory: {
        hosts: () => [...this.#known.values()],
        get: (uid) => this.#known.get(uid),
        failed: () => undefined,
        isPathHealthy: () => true,
      },
      holder: this.#holder,
      sources: { read: async () => (hasSource() ? new Uint8Array() : undefined) },
      events: new ModuleEvents({ record: () => undefined }),
      latest: this.#latest,
      status: new StatusWriter({ cluster, latest: this.#latest, now: () => hosts.nowMs }),
      node: (nodeName) => ({
        metadata: { name: nodeName!, uid: nodeName! },
        status: { nodeInfo: { bootID: 'boot' } as never },
      }),
      owner: 'me',
      purgeWaitMs: 0,
      pathGraceMs: 0,
      apiAnsweredAtMs: () => 0,
    })
  }

  kill(): void {
    this.#killed.abort(new Error('killed'))
  }

  /** The watches catch up. */
  watch(): void {
    for (const [path, object] of this.#objects) {
      if (this.#api.objects.has(path)) continue
      this.#objects.delete(path)
      this.#known.delete(object.metadata.uid)
      this.#index.delete(object.metadata.uid)
      this.#latest.forget(object.metadata.uid)
      this.#holder.forget(object.metadata.uid)
    }
    for (const [path, object] of this.#api.objects) {
      const seen = structuredClone(object)
      this.#objects.set(path, seen)
      const { uid } = seen.metadata
      if (path.includes('/modules/')) {
        this.#index.set(this.#latest.of(seen))
        continue
      }
      if (seen.metadata.finalizers?.length || this.#index.names(uid)) this.#unneeded.add(uid)
      const pod = readHostPod(seen)
      const known = this.#known.get(uid)
      this.#known.set(
        uid,
        known
          ? { ...known, pod }
          : { pod, identity: undefined, failing: undefined, modules: new Map(), listedAt: undefined },
      )
    }
  }

  /** The directory asks a host who it is. */
  async probe(uid: string): Promise<void> {
    const before = this.#known.get(uid)
    if (before?.pod.url === undefined) return
    const listedAt = new Date()
    let after: Pick<KnownHost, 'identity' | 'failing' | 'modules' | 'listedAt'>
    try {
      after = { ...(await this.#client.probe(before.pod.url)), failing: undefined, listedAt }
    } catch {
      after = { ...before, failing: { sinceMs: 0, reason: 'no answer' } }
    }
    const now = this.#known.get(uid)
    if (now !== undefined) this.#known.set(uid, { ...after, pod: now.pod })
  }

  async reconcile(path: string): Promise<void> {
    const module = this.#objects.get(path) as Module | undefined
    if (module === undefined || this.#busy.has(path)) return
    this.#busy.add(path)
    try {
      await this.#controller.reconcile(module, this.#killed.signal)
    } catch {
      // It is tried again.
    } finally {
      this.#busy.delete(path)
    }
  }

  /** The pod queue. @param mayRelease what others have sent has had its time */
  async release(mayRelease: boolean): Promise<void> {
    const uid = [...this.#unneeded].find((one) => mayRelease || this.#index.names(one))
    if (uid === undefined) return
    this.#unneeded.delete(uid)
    await this.#holder.settle(uid).catch(() => this.#unneeded.add(uid))
  }

  /** Whether something that it has sent to the API server has not arrived yet. */
  get isUnderWay(): boolean {
    return this.#connection.underWay > 0
  }

  /** Whether pods wait to be let go. */
  get hasWork(): boolean {
    return this.#unneeded.size > 0
  }
}
