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
  /** Where its administration is. @default 8081, as its pod says */
  readonly adminPort?: number
}

/** What runs in the pod. */
export interface HostProgram extends AsyncDisposable {
  kill(): Promise<void>
}

/** @param podUid as the downward API tells it */
export type StartHost<Program extends HostProgram> = (
  options: HostPodOptions,
  podUid: string | undefined,
) => Promise<Program>

/** The API server wants an image in a pod; nobody pulls it here. */
const image = 'warmslot/host:test'
export const adminPort = 8081

export class HostPod<Program extends HostProgram = HostProcess> implements AsyncDisposable {
  readonly uid: string
  host: Program
  readonly #options: HostPodOptions
  readonly #start: StartHost<Program>
  #restarts = 0
  #startedAt: string

  private constructor(options: HostPodOptions, uid: string, host: Program, start: StartHost<Program>) {
    this.#options = options
    this.#start = start
    this.uid = uid
    this.host = host
    this.#startedAt = now()
  }

  static async create<Program extends HostProgram>(
    options: HostPodOptions,
    start: StartHost<Program>,
  ): Promise<HostPod<Program>> {
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
    const one = new HostPod(options, uid, await start(options, toldUid(options, uid)), start)
    await one.report()
    return one
  }

  get name(): string {
    return this.#options.name
  }

  get node(): string {
    return this.#options.node
  }

  get address(): string {
    return this.#options.address
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

  /**
   * The process ends and another one starts, as when a container is restarted; nobody tells of it yet.
   * @param isSilent the other one does not start: only the kubelet says that it has
   */
  async restart({ isSilent = false }: { readonly isSilent?: boolean } = {}): Promise<void> {
    await this.host.kill()
    this.#restarts += 1
    this.#startedAt = now()
    if (!isSilent) this.host = await this.#start(this.#options, toldUid(this.#options, this.uid))
  }

  /** A person says something in an annotation. */
  async annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
    const contentType = 'application/merge-patch+json'
    const options = { method: 'PATCH' as const, body: { metadata: { annotations } }, contentType }
    await mustCallApi(this.#options.server, this.path, options)
  }

  /** A person gives it other labels. */
  async label(labels: Readonly<Record<string, string | null>>): Promise<void> {
    const contentType = 'application/merge-patch+json'
    const options = { method: 'PATCH' as const, body: { metadata: { labels } }, contentType }
    await mustCallApi(this.#options.server, this.path, options)
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

function toldUid({ isToldUid = true }: HostPodOptions, uid: string): string | undefined {
  return isToldUid ? uid : undefined
}

/** A real host. */
export const startProcess: StartHost<HostProcess> = (
  { address, flags = [], adminPort: port = adminPort },
  podUid,
) => HostProcess.start({ address, adminPort: port, flags, ...(podUid === undefined ? {} : { podUid }) })

/** As kubelets write it: cut to seconds. */
function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
