/**
 * A small cluster around a real API server: a namespace for Modules and hosts, real hosts with Pods made by hand, and operators in this process. Each
 * has its own namespace, so that tests may run side by side; addresses are from 127.0.0.0/8, one for each host.
 */
import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { Operator } from '../../../src/operator.ts'
import type { OperatorOptions } from '../../../src/options.ts'
import type { Module, ModuleSpec } from '../../../src/resource/module.ts'
import { callApi, mustCallApi, type ApiServerAddress } from '../api-server/call-api.ts'
import { kubeConfigOf } from '../api-server/kube-config.ts'
import { aModule, createModule, modulePath } from '../api-server/modules.ts'
import { newNamespace } from '../api-server/namespaces.ts'
import { HostPod, type HostPodOptions } from './host-pod.ts'

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

export interface RunningOperator extends AsyncDisposable {
  readonly operator: Operator
  /** Ends with the operator; rejects where it fails. */
  readonly ended: Promise<void>
}

let addresses = 0

export class World implements AsyncDisposable {
  readonly server: ApiServerAddress
  readonly namespace: string
  readonly hosts: HostPod[] = []
  readonly #running: RunningOperator[] = []

  private constructor(server: ApiServerAddress, namespace: string) {
    this.server = server
    this.namespace = namespace
  }

  static async create(server: ApiServerAddress): Promise<World> {
    return new World(server, await newNamespace(server, 'world'))
  }

  async addHost(options: Partial<HostPodOptions> = {}): Promise<HostPod> {
    addresses += 1
    const number = this.hosts.length + 1
    // Other test files run in other processes.
    const address = `127.${1 + (process.pid % 200)}.${Math.floor(process.pid / 200) % 250}.${1 + addresses}`
    const { server, namespace } = this
    const node = `${namespace}-node-${number}`
    await this.addNode(node)
    const host = await HostPod.create({
      server,
      namespace,
      name: `host-${number}`,
      address,
      node,
      ...options,
    })
    this.hosts.push(host)
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

  operate(options: OperatorOptions = {}): RunningOperator {
    const { namespace, server } = this
    const operator = new Operator(
      kubeConfigOf(server),
      { ...quick, namespace, moduleNamespace: namespace, ...options },
      pino({ level: options.logLevel ?? 'silent' }, pino.destination(2)),
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

  async untilGone(name: string): Promise<void> {
    await this.until(name, (module) => module === undefined)
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((one) => one[Symbol.asyncDispose]()))
    await Promise.all(this.hosts.map((one) => one[Symbol.asyncDispose]()))
  }
}

export function condition(
  module: Module | undefined,
  type: string,
): { readonly status: string; readonly reason: string; readonly message: string } | undefined {
  return module?.status?.conditions?.find((one) => one.type === type)
}
