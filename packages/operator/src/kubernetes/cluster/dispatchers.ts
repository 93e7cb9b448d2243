/**
 * The one undici dispatcher of a Cluster. Its connections are kept and shared by all requests; it is replaced when the TLS material
 * changes, and what still runs on the one before ends there.
 *
 * HTTP/1.1 only: with HTTP/2 all requests would share one connection, and a dead one would hold a leader's renewals with all watches.
 */
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from 'undici'
import { checkServerIdentity } from '../../server-identity.ts'
import type { Credentials } from './credentials.ts'

const keepAliveInitialDelayMs = 30_000
/** Idle connections are closed before load balancers in between forget them. */
const keepAliveTimeoutMs = 30_000
const connectTimeoutMs = 10_000

export class Dispatchers implements AsyncDisposable {
  readonly #kubeConfig: KubeConfig
  readonly #maxConnections: number
  readonly #retiring = new Set<Dispatcher>()
  #current: { readonly fingerprint: string; readonly dispatcher: Dispatcher } | undefined
  #made = 0

  constructor(kubeConfig: KubeConfig, maxConnections: number) {
    this.#kubeConfig = kubeConfig
    this.#maxConnections = maxConnections
  }

  /** How many were made so far. */
  get made(): number {
    return this.#made
  }

  get({ tls, fingerprint }: Credentials): Dispatcher {
    if (this.#current?.fingerprint === fingerprint) return this.#current.dispatcher
    const dispatcher = this.#make(tls)
    if (this.#current !== undefined) this.#retire(this.#current.dispatcher)
    this.#current = { fingerprint, dispatcher }
    this.#made += 1
    return dispatcher
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#retiring]
    if (this.#current !== undefined) all.push(this.#current.dispatcher)
    this.#current = undefined
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
  }

  #retire(dispatcher: Dispatcher): void {
    this.#retiring.add(dispatcher)
    const gone = (): void => void this.#retiring.delete(dispatcher)
    dispatcher.close().then(gone, gone)
  }

  #make(tls: Credentials['tls']): Dispatcher {
    const wanted = this.#kubeConfig.createDispatcherOptions(this.#kubeConfig.getCurrentCluster(), tls)
    const { type } = wanted
    const tlsOptions = type === 'agent' ? wanted.connect : type === 'none' ? {} : wanted.requestTls
    const connection = {
      ...tlsOptions,
      checkServerIdentity,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveInitialDelayMs,
      timeout: connectTimeoutMs,
      allowH2: false,
    } as buildConnector.BuildOptions
    const pool = {
      connections: this.#maxConnections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectTimeout: connectTimeoutMs,
    }
    if (type === 'proxy' || type === 'socks')
      return new ProxyAgent({ ...pool, uri: wanted.uri, requestTls: connection })
    return new Agent({ ...pool, connect: connection })
  }
}
