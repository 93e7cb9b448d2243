/**
 * Pods with one container each, on nodes; containers with one process each; and what those have mapped. Kubelets tell of containers when
 * they come to it. Time is of this world, in milliseconds, and the same on all nodes.
 */
import { HostAnswerError } from '../../src/errors/host-answer-error.ts'
import { HostUnreachableError } from '../../src/errors/host-unreachable-error.ts'
import type { PurgeAnswer, PutModule } from '../../src/hosts/host-client.ts'
import type { HostIdentity, ListedModule } from '../../src/hosts/host-answers.ts'
import type { Schedule, SimulatedApi, Stored } from './simulated-api.ts'

export interface SimulatedProcess {
  readonly instance: string
  readonly container: string
  readonly startedAtMs: number
  /** What its kernel has, whatever the process says. */
  readonly mapped: Set<string>
  readonly purged: Set<string>
  /** Requests that run: so many purges end without a receipt. */
  busy: number
  /** It says that it has purged, and has not; its kernel's word in the receipt is true. */
  isLying: boolean
  /** It lists no module, and its receipts are as if there were none; it has not purged. */
  isHiding: boolean
}

export class SimulatedPod {
  readonly uid: string
  readonly address: string
  readonly node: string
  process: SimulatedProcess | undefined
  isReachable = true
  readonly #ended: { readonly container: string; readonly finishedAtMs: number }[] = []
  #containers = 0

  constructor(uid: string, node: string, nowMs: number) {
    this.uid = uid
    this.address = `http://${uid}:8081`
    this.node = node
    this.start(nowMs)
  }

  get path(): string {
    return `/api/v1/namespaces/hosts/pods/${this.uid}`
  }

  start(nowMs: number): void {
    this.#containers += 1
    this.process = {
      instance: `${this.uid}-i${this.#containers}`,
      container: `c://${this.uid}-${this.#containers}`,
      startedAtMs: nowMs,
      mapped: new Set(),
      purged: new Set(),
      busy: 0,
      isLying: false,
      isHiding: false,
    }
  }

  end(nowMs: number): void {
    if (this.process === undefined) return
    this.#ended.push({ container: this.process.container, finishedAtMs: nowMs })
    this.process = undefined
  }

  /** What a kubelet says now: times are cut to seconds. */
  status(): Stored {
    const last = this.#ended.at(-1)
    const ended = last && {
      terminated: { containerID: last.container, exitCode: 137, finishedAt: second(last.finishedAtMs) },
    }
    const { process } = this
    const status = process
      ? {
          containerID: process.container,
          state: { running: { startedAt: second(process.startedAtMs) } },
          lastState: ended ?? {},
        }
      : { containerID: last?.container, state: ended, lastState: {} }
    return { podIP: this.uid, containerStatuses: [{ name: 'host', ...status }] }
  }
}

function second(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString()
}

export class SimulatedHosts {
  readonly pods: Map<string, SimulatedPod> = new Map()
  readonly #api: SimulatedApi
  readonly #timeIs: (nowMs: number) => void
  #nowMs = 1_000_000

  /** @param timeIs told of the time, whenever it goes on */
  constructor(api: SimulatedApi, timeIs: (nowMs: number) => void) {
    this.#api = api
    this.#timeIs = timeIs
    timeIs(this.#nowMs)
  }

  get nowMs(): number {
    return this.#nowMs
  }

  set nowMs(value: number) {
    this.#nowMs = value
    this.#timeIs(value)
  }

  add(uid: string, node: string): void {
    const pod = new SimulatedPod(uid, node, this.nowMs - 60_000)
    this.pods.set(uid, pod)
    const spec = {
      nodeName: node,
      containers: [{ name: 'host', ports: [{ name: 'admin', containerPort: 8081 }] }],
    }
    this.#api.create(pod.path, {
      metadata: { name: uid, namespace: 'hosts', uid },
      spec,
      status: pod.status(),
    })
  }

  /** The kubelet comes to it: it tells of the container, and ends that of a pod that is deleted. */
  kubelet(uid: string): void {
    const pod = this.pods.get(uid)
    if (pod === undefined) return
    // Nothing happens in no time.
    this.nowMs += 1
    const object = this.#api.objects.get(pod.path)
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) pod.end(this.nowMs)
    else if (pod.process === undefined) pod.start(this.nowMs)
    this.#api.update(pod.path, (one) => ({ ...one, status: pod.status() }))
  }

  /** Processes that have something of a Module mapped. */
  holders(moduleUID: string): string[] {
    return [...this.pods.values()].flatMap(({ process }) =>
      process !== undefined &&
      [...process.mapped].some((uid) => uid === moduleUID || uid.startsWith(`${moduleUID}.`))
        ? [process.instance]
        : [],
    )
  }

  processAt(url: string): SimulatedProcess {
    const pod = [...this.pods.values()].find(({ address }) => address === url)
    if (pod?.process === undefined || !pod.isReachable) throw new HostUnreachableError(url, 'nobody is there')
    return pod.process
  }
}

/** One operator's way to the hosts: `HostApi`, and what its directory asks. */
export class SimulatedHostClient {
  readonly #hosts: SimulatedHosts
  readonly #schedule: Schedule
  readonly #isLost: () => boolean
  readonly #checkLeading: () => void

  constructor(hosts: SimulatedHosts, schedule: Schedule, isLost: () => boolean, checkLeading: () => void) {
    this.#hosts = hosts
    this.#schedule = schedule
    this.#isLost = isLost
    this.#checkLeading = checkLeading
  }

  async probe(url: string): Promise<{ identity: HostIdentity; modules: Map<string, ListedModule> }> {
    return await this.#call(url, undefined, 'probe', ({ instance, startedAtMs, mapped, isHiding }) => ({
      identity: {
        instance,
        startedAt: new Date(startedAtMs).toISOString(),
        now: new Date(this.#hosts.nowMs).toISOString(),
        // It is told so by the downward API; addresses are used again in real clusters.
        podUid: url.replace(/^http:\/\/(.*):8081$/, '$1'),
      },
      modules: new Map(
        [...(isHiding ? [] : mapped)].map((uid) => [
          uid,
          { uid, name: '', digest: '', state: 'ready', owner: 'me', affineSlots: 0, residentBytes: 0 },
        ]),
      ),
    }))
  }

  async put(url: string, instance: string, { hostUID }: PutModule): Promise<void> {
    await this.#call(url, instance, `PUT ${hostUID}`, ({ mapped, purged }) => {
      if (purged.has(hostUID))
        throw new HostAnswerError(url, 409, 'WARMSLOT_MODULE_CONFLICT', 'it was purged')
      mapped.add(hostUID)
    })
  }

  async purge(
    url: string,
    instance: string | undefined,
    module: { hostUID: string; digest: string },
  ): Promise<PurgeAnswer> {
    const { hostUID, digest } = module
    return await this.#call(url, instance, `DELETE ${hostUID}`, (process): PurgeAnswer => {
      process.purged.add(hostUID)
      if (process.busy > 0) {
        process.busy -= 1
        return { done: false, receipt: undefined, requests: 1 }
      }
      if (!process.isLying && !process.isHiding) process.mapped.delete(hostUID)
      const mappings = process.mapped.has(hostUID) && process.isLying ? 1 : 0
      const receipt = {
        uid: hostUID,
        digest,
        instance: process.instance,
        complete: true,
        kernel: { mappings, descriptors: 0 },
      }
      return { done: true, receipt, instance: process.instance }
    })
  }

  async has(url: string, hostUID: string): Promise<boolean> {
    return await this.#call(
      url,
      undefined,
      `GET ${hostUID}`,
      ({ mapped, isLying }) => mapped.has(hostUID) && !isLying,
    )
  }

  async #call<T>(
    url: string,
    instance: string | undefined,
    label: string,
    work: (process: SimulatedProcess) => T,
  ): Promise<T> {
    this.#checkLeading()
    await this.#schedule(`${label} arrives at ${url}`)
    if (this.#isLost()) throw new HostUnreachableError(url, 'lost on the way there')
    const process = this.#hosts.processAt(url)
    if (instance !== undefined && process.instance !== instance)
      throw new HostAnswerError(url, 412, 'WARMSLOT_OTHER_INSTANCE', 'another process')
    const result = work(process)
    await this.#schedule(`${label} is answered`)
    if (this.#isLost()) throw new HostUnreachableError(url, 'lost on the way back')
    return result
  }
}
