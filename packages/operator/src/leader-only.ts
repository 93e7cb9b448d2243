/**
 * The way to the API server for the one in charge: it asks before each request whether this process still is, by the clock. One that was
 * stopped past its lease, and goes on, sends nothing more.
 */
import type { Readable } from 'node:stream'
import { ApiClient, type StreamRequest } from './kubernetes/cluster/api-client.ts'
import type { ApiRequest } from './kubernetes/cluster/api-request.ts'

export class LeaderOnly extends ApiClient {
  readonly #cluster: ApiClient
  readonly #check: () => void

  /** @param check throws where this process is not in charge */
  constructor(cluster: ApiClient, check: () => void) {
    super()
    this.#cluster = cluster
    this.#check = check
  }

  async request<T>(request: ApiRequest): Promise<T> {
    this.#check()
    return await this.#cluster.request<T>(request)
  }

  async stream(request: StreamRequest): Promise<Readable> {
    this.#check()
    return await this.#cluster.stream(request)
  }
}
