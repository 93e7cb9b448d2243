/**
 * A small cluster around a real API server: a namespace for Modules and hosts, real hosts with Pods made by hand, and operators in this process. Each
 * has its own namespace, so that tests may run side by side; addresses are from 127.0.0.0/8, one for each host.
 */
import { createHash } from 'node:crypto'
import type { KubeConfig } from '@kubernetes/client-node'
import { pino } from 'pino'
import type { ControllerTimes } from '../../../src/controller-times.ts'
import { Operator } from '../../../src/operator.ts'
import type { OperatorOptions } from '../../../src/options.ts'
import type { Module, ModuleSpec } from '../../../src/resource/module.ts'
import { Cluster } from '../../../src/kubernetes/cluster.ts'
import { Reflector } from '../../../src/kubernetes/reflector.ts'
import { moduleResource } from '../../../src/resource/module-resource.ts'
import { callApi, mustCallApi, type ApiServerAddress } from '../api-server/call-api.ts'
import { kubeConfigOf } from '../api-server/kube-config.ts'
import { aModule, createModule, modulePath } from '../api-server/modules.ts'
import { newNamespace } from '../api-server/namespaces.ts'
import { until } from '../until.ts'
import { type FakeHost, startFake } from './fake-host.ts'
import { HostPod, type HostPodOptions, type HostProgram, startProcess, type StartHost } from './host-pod.ts'

/** Fast enough for tests; a real one has more patience. */
export const quick: OperatorOptions = {
  healthListen: '127.0.0.1:0',
  metricsListen: '127.0.0.1:0',
  probeMs: 500,
  hostTimeoutMs: 2_000,
  pathGraceMs: 1_000,
  retryMs: 1_000,
  leaderElection: false,
  logLevel: 'error',
}

/** The same of what is no option. */
export const quickTimes: Partial<ControllerTimes> = {
  firstReleaseMs: 500,
  sweepMs: 300,
  orphanGraceMs: 1_000,
}

export interface RunningOperator extends AsyncDisposable {
  readonly operator: Operator
  /** Ends with the operator; rejects where it fails. */
  readonly ended: Promise<void>
}

let addresses = 0

export class World implements AsyncDisposable {
  readonly server: ApiServerAddress
  readonly namespace: string
  /** Of real hosts. */
  readonly hosts: HostPod[] = []
  readonly fakes: HostPod<FakeHost>[] = []
  readonly #running: RunningOperator[] = []
  readonly #followed = new Map<string, Module>()
  readonly #gone = new Set<string>()
  readonly #following = new AbortController()
  #count = 0

  private constructor(server: ApiServerAddress, namespace: string) {
    this.server = server
    this.namespace = namespace
  }

  static async create(server: ApiServerAddress): Promise<World> {
    const world = new World(server, await newNamespace(server, 'world'))
    await world.#follow()
    return world
  }

  async addHost(options: Partial<HostPodOptions> = {}): Promise<HostPod> {
    return await this.#addHost(this.hosts, startProcess, options)
  }

  /** One that does as the test says, in this process. */
  async addFake(options: Partial<HostPodOptions> = {}): Promise<HostPod<FakeHost>> {
    return await this.#addHost(this.fakes, startFake, options)
  }

  async #addHost<Program extends HostProgram>(
    hosts: HostPod<Program>[],
    start: StartHost<Program>,
    options: Partial<HostPodOptions>,
  ): Promise<HostPod<Program>> {
    addresses += 1
    this.#count += 1
    const number = this.#count
    // Other test files run in other processes.
    const address = `127.${2 + (process.pid % 200)}.${Math.floor(process.pid / 200) % 250}.${1 + (addresses % 250)}`
    const { server, namespace } = this
    const node = `${namespace}-node-${number}`
    await this.addNode(node)
    const whole = { server, namespace, name: `host-${number}`, address, node, ...options }
    const host = await HostPod.create(whole, start)
    hosts.push(host)
    return host
  }

  async addNode(name: string, bootID = `boot-${name}`): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Node', metadata: { name } }
    await callApi(this.server, '/api/v1/nodes', { method: 'POST', body })
    await this.boot(name, bootID)
  }

  /** The kubelet says that the node has this boot. */
  async boot(name: string, bootID: string): Promise<void> {
    const nodeInfo = {
      bootID,
      machineID: name,
      systemUUID: name,
      architecture: 'amd64',
      containerRuntimeVersion: 'containerd://2',
      kernelVersion: '6',
      kubeProxyVersion: '',
      kubeletVersion: 'v1.34.0',
      operatingSystem: 'linux',
      osImage: 'test',
    }
    const contentType = 'application/merge-patch+json'
    const options = { method: 'PATCH' as const, body: { status: { nodeInfo } }, contentType }
    await mustCallApi(this.server, `/api/v1/nodes/${name}/status`, options)
  }

  /** @param kubeConfig @default the administrator's */
  operate(
    options: OperatorOptions = {},
    kubeConfig: KubeConfig = kubeConfigOf(this.server),
    times: Partial<ControllerTimes> = {},
  ): RunningOperator {
    const { namespace } = this
    const operator = new Operator(
      kubeConfig,
      { ...quick, namespace, moduleNamespace: namespace, ...options },
      pino({ level: options.logLevel ?? 'silent' }, pino.destination(2)),
      { ...quickTimes, ...times },
    )
    const ending = new AbortController()
    const ended = operator.run(ending.signal)
    ended.catch(() => undefined)
    const running = {
      operator,
      ended,
      async [Symbol.asyncDispose]() {
        ending.abort(new Error('the test ends'))
        await ended.catch(() => undefined)
      },
    }
    this.#running.push(running)
    return running
  }

  /** With its bytes in a ConfigMap. */
  async createModule(name: string, bytes: Uint8Array, spec: Partial<ModuleSpec> = {}): Promise<Module> {
    const { namespace, server } = this
    const key = 'module.wasm'
    const config = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      binaryData: { [key]: Buffer.from(bytes).toString('base64') },
    }
    await callApi(server, `/api/v1/namespaces/${namespace}/configmaps`, { method: 'POST', body: config })
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const whole = { source: { configMap: { name, key } }, digest, ...spec }
    const { status, body } = await createModule(server, namespace, aModule(name, whole))
    if (status !== 201) throw new Error(`the Module was refused: ${JSON.stringify(body)}`)
    return body
  }

  /** The Module as it is now; undefined where it is gone. */
  async module(name: string): Promise<Module | undefined> {
    const { status, body } = await callApi(this.server, modulePath(this.namespace, name))
    return status === 200 ? body : undefined
  }

  async deleteModule(name: string): Promise<void> {
    await mustCallApi(this.server, modulePath(this.namespace, name), { method: 'DELETE' })
  }

  async patchModule(name: string, patch: object): Promise<void> {
    const contentType = 'application/merge-patch+json'
    await mustCallApi(this.server, modulePath(this.namespace, name), {
      method: 'PATCH',
      body: patch,
      contentType,
    })
  }

  /** Waits until a Module is as it is wanted. @throws Error with what it was like last */
  async until(
    name: string,
    isSo: (module: Module | undefined) => boolean,
    timeoutMs = 30_000,
  ): Promise<void> {
    const startMs = performance.now()
    for (;;) {
      const module = await this.module(name)
      if (isSo(module)) return
      if (performance.now() - startMs > timeoutMs)
        throw new Error(
          `Module ${name} did not become as wanted: ${JSON.stringify(module?.status, undefined, 1)}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async untilReady(name: string): Promise<void> {
    await this.until(name, (module) => condition(module, 'Ready')?.status === 'True')
  }

  /** And by the word of every live host's kernel nothing maps its image then. */
  async untilGone(name: string): Promise<void> {
    await this.until(name, (module) => module === undefined)
    this.checkUnmapped(name)
  }

  /** @throws Error where a live host has its image */
  checkUnmapped(name: string): void {
    const hostName = `${this.namespace}.${name}`
    for (const { name: pod, host } of this.hosts)
      if (host.mappings(hostName) > 0) throw new Error(`released, but ${pod} still maps it`)
    for (const { name: pod, host } of this.fakes)
      if (host.names().includes(hostName)) throw new Error(`released, but ${pod} still has it`)
  }

  /** A Module as it was last, even where it is gone. */
  lastSeen(name: string): Module | undefined {
    return this.#followed.get(name)
  }

  /** How many Modules are ready, by the watch. */
  get ready(): number {
    return [...this.#followed.values()].filter((one) => condition(one, 'Ready')?.status === 'True').length
  }

  /** How many have gone, by the watch. */
  get gone(): number {
    return this.#gone.size
  }

  async untilUnmapped(name: string): Promise<void> {
    const hostName = `${this.namespace}.${name}`
    await until('no host maps it', () => this.hosts.every(({ host }) => host.mappings(hostName) === 0))
  }

  async untilPodGone(pod: HostPod): Promise<void> {
    const endMs = performance.now() + 30_000
    while ((await pod.object()) !== undefined) {
      if (performance.now() > endMs) throw new Error(`the object of ${pod.name} has not gone`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Until a deleted Module is not let go for this reason. */
  async untilBlocked(name: string, reason: string, status: 'False' | 'Unknown' = 'False'): Promise<void> {
    await this.until(name, (module) => {
      const purged = condition(module, 'Purged')
      return purged?.reason === reason && purged.status === status
    })
  }

  /** Stays so for a while. @throws Error where it does not */
  async stays(name: string, isSo: (module: Module | undefined) => boolean, forMs = 3_000): Promise<void> {
    const startMs = performance.now()
    while (performance.now() - startMs < forMs) {
      const module = await this.module(name)
      if (!isSo(module))
        throw new Error(
          `Module ${name} did not stay as wanted: ${JSON.stringify(module?.status, undefined, 1)}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Reasons of the Events about it. */
  async events(name: string): Promise<string[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`
    const { items } = await mustCallApi(this.server, path)
    return items
      .filter(({ regarding }: { regarding: { name: string } }) => regarding.name === name)
      .map(({ reason }: { reason: string }) => reason)
  }

  async #follow(): Promise<void> {
    const cluster = Cluster.fromKubeConfig(kubeConfigOf(this.server))
    const keep = (module: Module): unknown => this.#followed.set(module.metadata.name!, module)
    const handlers = {
      added: keep,
      updated: keep,
      deleted: (module: Module) => {
        keep(module)
        this.#gone.add(module.metadata.uid!)
      },
    }
    const watch = new Reflector<Module>({
      cluster,
      resource: moduleResource,
      namespace: this.namespace,
      handlers,
    })
    this.#following.signal.addEventListener('abort', () => {
      void watch[Symbol.asyncDispose]().then(() => cluster[Symbol.asyncDispose]())
    })
    watch.start()
    await watch.synced
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#following.abort()
    await Promise.all(this.#running.map((one) => one[Symbol.asyncDispose]()))
    await Promise.all([...this.hosts, ...this.fakes].map((one) => one[Symbol.asyncDispose]()))
  }
}

export function condition(
  module: Module | undefined,
  type: string,
): { readonly status: string; readonly reason: string; readonly message: string } | undefined {
  return module?.status?.conditions?.find((one) => one.type === type)
}
