/**
 * An API server of Modules and Pods in memory: versions, conflicts, the status apart, finalizers that hold what is deleted. Requests arrive, and
 * answers come back, when the schedule says; either may be lost.
 */
import type { Readable } from 'node:stream'
import { ApiClient } from '../../src/kubernetes/cluster/api-client.ts'
import type { ApiRequest } from '../../src/kubernetes/cluster/api-request.ts'
import { KubernetesApiError } from '../../src/kubernetes/errors/kubernetes-api-error.ts'
import { KubernetesConnectionError } from '../../src/kubernetes/errors/kubernetes-connection-error.ts'

// What is stored is JSON.
// oxlint-disable-next-line typescript/no-explicit-any
export type Stored = any

/** Lets something happen later. */
export type Schedule = (label: string) => Promise<unknown>

export class SimulatedApi {
  readonly objects: Map<string, Stored> = new Map()
  /** Told of what has gone. */
  readonly removed: (object: Stored) => void
  /** All that was ever stored, in its order. */
  readonly journal: string[] = []
  #version = 0

  constructor(removed: (object: Stored) => void) {
    this.removed = removed
  }

  create(path: string, object: Stored): void {
    this.objects.set(path, { ...object, metadata: { ...object.metadata, resourceVersion: this.#next() } })
  }

  /** As a kubelet writes it: at any version. */
  update(path: string, change: (object: Stored) => Stored): void {
    const object = this.objects.get(path)
    if (object === undefined) return
    const changed = structuredClone(change(structuredClone(object)))
    this.#store(path, { ...changed, metadata: { ...changed.metadata, resourceVersion: this.#next() } })
  }

  delete(path: string): void {
    this.update(path, (object) => {
      object.metadata.deletionTimestamp ??= '2026-01-01T00:00:00Z'
      return object
    })
  }

  get(path: string): Stored {
    const object = this.objects.get(path)
    if (object === undefined) throw new KubernetesApiError(path, 404, { reason: 'NotFound' })
    return structuredClone(object)
  }

  /** A merge patch of lists and maps as controllers send them. */
  patch(fullPath: string, patch: Stored): Stored {
    const path = fullPath.replace(/\/status$/, '')
    const object = this.get(path)
    const { uid, resourceVersion, finalizers } = patch.metadata ?? {}
    if (uid !== undefined && uid !== object.metadata.uid)
      throw new KubernetesApiError(path, 409, { reason: 'Conflict', message: 'another uid' })
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion)
      throw new KubernetesApiError(path, 409, { reason: 'Conflict', message: 'it has changed' })
    if (path === fullPath) {
      if (
        object.metadata.deletionTimestamp !== undefined &&
        finalizers?.length > (object.metadata.finalizers?.length ?? 0)
      )
        throw new KubernetesApiError(path, 422, { reason: 'Invalid', message: 'no new finalizers' })
      object.metadata.finalizers = finalizers
      const annotations = { ...object.metadata.annotations, ...patch.metadata.annotations }
      object.metadata.annotations = Object.fromEntries(
        Object.entries(annotations).filter(([, value]) => value !== null),
      )
    } else {
      const status = { ...object.status, ...patch.status }
      object.status = Object.fromEntries(Object.entries(status).filter(([, value]) => value !== null))
    }
    object.metadata.resourceVersion = this.#next()
    this.#store(path, object)
    return structuredClone(object)
  }

  #store(path: string, object: Stored): void {
    this.journal.push(JSON.stringify(object))
    const isGone = object.metadata.deletionTimestamp !== undefined && !object.metadata.finalizers?.length
    if (!isGone) {
      this.objects.set(path, object)
      return
    }
    this.objects.delete(path)
    this.removed(object)
  }

  #next(): string {
    this.#version += 1
    return String(this.#version)
  }
}

/** One process's way to it. */
export class SimulatedConnection extends ApiClient {
  readonly #api: SimulatedApi
  readonly #schedule: Schedule
  readonly #isLost: () => boolean
  readonly #checkLeading: () => void
  /** Requests that were sent, and have not arrived. */
  underWay = 0

  constructor(api: SimulatedApi, schedule: Schedule, isLost: () => boolean, checkLeading: () => void) {
    super()
    this.#api = api
    this.#schedule = schedule
    this.#isLost = isLost
    this.#checkLeading = checkLeading
  }

  async request<T>(request: ApiRequest): Promise<T> {
    this.#checkLeading()
    this.underWay += 1
    try {
      return await this.#request(request)
    } finally {
      this.underWay -= 1
    }
  }

  async #request<T>({ method, path, body }: ApiRequest): Promise<T> {
    await this.#schedule(`${method} ${path} arrives`)
    if (this.#isLost()) throw new KubernetesConnectionError('network', 'lost on the way there')
    const answer = method === 'GET' ? this.#api.get(path) : this.#api.patch(path, structuredClone(body))
    await this.#schedule(`${method} ${path} is answered`)
    if (this.#isLost()) throw new KubernetesConnectionError('network', 'lost on the way back')
    return answer as T
  }

  stream(): Promise<Readable> {
    throw new Error('no watches here')
  }
}
