/** The Pod object of a host, and what its kubelet would write into it: nobody else does here. */
import { callApi, mustCallApi, type ApiServerAddress } from '../api-server/call-api.ts'
import { HostProcess } from './host-process.ts'

export interface HostPodOptions {
  readonly server: ApiServerAddress
  readonly namespace: string
  readonly name: string
  /** Its loopback address: 127.X.Y.Z. */
  readonly address: string
  readonly node: string
  readonly labels?: Readonly<Record<string, string>>
  /** Whether the host is told its pod's UID, as the downward API would. @default true */
  readonly isToldUid?: boolean
  readonly flags?: readonly string[]
}

/** The API server wants an image in a pod; nobody pulls it here. */
const image = 'warmslot/host:test'
export const adminPort = 8081

export class HostPod implements AsyncDisposable {
  readonly uid: string
  host: HostProcess
  readonly #options: HostPodOptions
  #restarts = 0
  #startedAt: string

  private constructor(options: HostPodOptions, uid: string, host: HostProcess) {
    this.#options = options
    this.uid = uid
    this.host = host
    this.#startedAt = now()
  }

  static async create(options: HostPodOptions): Promise<HostPod> {
    const { server, namespace, name, node, labels = {} } = options
    const container = { name: 'host', image, ports: [{ name: 'admin', containerPort: adminPort }] }
    const body = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { 'app.kubernetes.io/name': 'warmslot-host', ...labels } },
      spec: { nodeName: node, containers: [container], terminationGracePeriodSeconds: 0 },
    }
    const pod = await mustCallApi(server, `/api/v1/namespaces/${namespace}/pods`, { method: 'POST', body })
    const { uid } = pod.metadata
    const one = new HostPod(options, uid, await startHost(options, uid))
    await one.report()
    return one
  }

  get name(): string {
    return this.#options.name
  }

  get path(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/pods/${this.name}`
  }

  get containerID(): string {
    return `containerd://${this.uid}-${this.#restarts}`
  }

  /** The object as it is now; undefined where it is gone. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as the API server has it
  async object(): Promise<any> {
    const { status, body } = await callApi(this.#options.server, this.path)
    return status === 200 ? body : undefined
  }

  /** The kubelet says that the container runs. */
  async report(): Promise<void> {
    await this.#write(
      { state: { running: { startedAt: this.#startedAt } }, ...this.#container(true) },
      'True',
    )
  }

  /** The kubelet says that the container has terminated. */
  async reportTerminated(): Promise<void> {
    const times = { startedAt: this.#startedAt, finishedAt: now() }
    const terminated = { exitCode: 137, containerID: this.containerID, ...times }
    await this.#write({ state: { terminated }, ...this.#container(false) }, 'False')
  }

  /** The process ends and another one starts, as when a container is restarted; nobody tells of it yet. */
  async restart(): Promise<void> {
    await this.host.kill()
    this.#restarts += 1
    this.#startedAt = now()
    this.host = await startHost(this.#options, this.uid)
  }

  /** Deletes the object: at once, as `--force` does. */
  async delete(): Promise<void> {
    await callApi(this.#options.server, `${this.path}?gracePeriodSeconds=0`, { method: 'DELETE' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]()
  }

  #container(isReady: boolean): object {
    return {
      name: 'host',
      image,
      imageID: image,
      containerID: this.containerID,
      restartCount: this.#restarts,
      ready: isReady,
    }
  }

  async #write(container: object, ready: 'True' | 'False'): Promise<void> {
    const { address, server } = this.#options
    const status = {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: ready, lastTransitionTime: now() }],
      containerStatuses: [container],
    }
    const contentType = 'application/merge-patch+json'
    await mustCallApi(server, `${this.path}/status`, { method: 'PATCH', body: { status }, contentType })
  }
}

function startHost(
  { address, isToldUid = true, flags = [] }: HostPodOptions,
  uid: string,
): Promise<HostProcess> {
  return HostProcess.start({ address, adminPort, flags, ...(isToldUid ? { podUid: uid } : {}) })
}

/** As kubelets write it: cut to seconds. */
function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
