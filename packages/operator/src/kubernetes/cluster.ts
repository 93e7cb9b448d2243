/**
 * The connection to an API server.
 *
 * Flow: credentials (read anew every few seconds) → one shared dispatcher → request → JSON, or one of three errors.
 *
 * Guarantees: every request ends within its time; no answer is read beyond its limit; requests share connections; a 401 is tried once
 * more with credentials that were read anew. Nothing else is tried again here: callers know what may be repeated.
 *
 * Errors: KubernetesApiError (it refused), KubernetesConnectionError (no answer), KubernetesProtocolError (an answer that cannot be
 * used), InvalidOptionError; and the reason of the caller's own signal, when that was aborted.
 */
import type { Readable } from 'node:stream'
import type { KubeConfig } from '@kubernetes/client-node'
import { readJson, readRefusal } from './cluster/answer.ts'
import {
  type ClusterOptions,
  resolveClusterOptions,
  type ResolvedClusterOptions,
} from './cluster/cluster-options.ts'
import { ApiClient, type StreamRequest } from './cluster/api-client.ts'
import { type ApiRequest, describeRequest, targetOf, verbOf } from './cluster/api-request.ts'
import { type Credentials, CredentialsReader } from './cluster/credentials.ts'
import { Dispatchers } from './cluster/dispatchers.ts'
import { limitTime, type TimeLimit, unlessAborted } from './cluster/time-limit.ts'
import { InvalidOptionError } from './errors/invalid-option-error.ts'
import { KubernetesApiError } from './errors/kubernetes-api-error.ts'
import { KubernetesConnectionError } from './errors/kubernetes-connection-error.ts'
import { KubernetesError } from './errors/kubernetes-error.ts'

export class Cluster extends ApiClient implements AsyncDisposable {
  readonly #options: ResolvedClusterOptions
  readonly #server: URL
  readonly #credentials: CredentialsReader
  readonly #dispatchers: Dispatchers
  readonly #closing = new AbortController()

  /** Does not connect yet. @throws InvalidOptionError the kubeconfig has no current cluster, or an option is wrong */
  static fromKubeConfig(kubeConfig: KubeConfig, options: ClusterOptions = {}): Cluster {
    return new Cluster(kubeConfig, resolveClusterOptions(options))
  }

  private constructor(kubeConfig: KubeConfig, options: ResolvedClusterOptions) {
    super()
    const server = kubeConfig.getCurrentCluster()?.server
    if (server === undefined || !URL.canParse(server))
      throw new InvalidOptionError(
        'kubeConfig',
        'one whose current context names a cluster with a URL',
        server ?? null,
      )
    this.#options = options
    this.#server = new URL(server)
    this.#credentials = new CredentialsReader(kubeConfig, options.credentialsMaxAgeMs, options.clock)
    this.#dispatchers = new Dispatchers(kubeConfig, options.maxConnections)
  }

  /** One request and its whole answer. @throws see above */
  request<T>(request: ApiRequest): Promise<T> {
    const { maxAnswerBytes } = this.#options
    return this.#send(request, async (answer, name, limit) => {
      const result = await readJson<T>(name, answer, maxAnswerBytes)
      limit[Symbol.dispose]()
      return result
    })
  }

  /**
   * A request whose answer is read as it comes, such as a watch. `timeoutMs` is for its beginning. Abort the signal, or destroy what
   * is returned, to end it. @throws see above
   */
  stream(request: StreamRequest): Promise<Readable> {
    return this.#send({ ...request, method: 'GET', verb: 'watch' }, (answer, _name, limit) => {
      limit.stopClock()
      answer.once('close', () => limit[Symbol.dispose]())
      return answer
    })
  }

  /** Ends all requests. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new KubernetesConnectionError('closed', 'The connection to the cluster was closed.'))
    await this.#dispatchers[Symbol.asyncDispose]()
  }

  async #send<T>(
    request: ApiRequest,
    read: (answer: Readable, name: string, limit: TimeLimit) => T | Promise<T>,
  ): Promise<T> {
    const { clock, timeoutMs } = this.#options
    const startMs = clock.now()
    const name = describeRequest(request)
    const signals = [request.signal, this.#closing.signal]
    const limit = limitTime(clock, request.timeoutMs ?? timeoutMs, name, signals)
    let code: number | 'error' = 'error'
    try {
      let refused: Promise<Credentials> | undefined
      for (;;) {
        const reading = this.#credentials.read()
        const credentials = await unlessAborted(reading, limit.signal)
        const answer = await this.#dispatchers.get(credentials).request({
          ...targetOf(this.#server, request),
          headers: this.#headers(request, credentials),
          signal: limit.signal,
          // The limit above counts, for all of it.
          headersTimeout: 0,
          bodyTimeout: 0,
        })
        code = answer.statusCode
        if (code >= 200 && code < 300) {
          const result = await read(answer.body, name, limit)
          return result
        }
        const refusal = await readRefusal(name, answer, clock.date())
        if (code !== 401 || refused !== undefined) throw refusal
        refused = reading
        this.#credentials.forget(reading)
      }
    } catch (error) {
      limit[Symbol.dispose]()
      if (!KubernetesApiError.isInstance(error)) code = 'error'
      throw explain(error, name, limit.signal)
    } finally {
      this.#tell(request, code, clock.now() - startMs)
    }
  }

  #headers({ body, contentType }: ApiRequest, credentials: Credentials): Record<string, string> {
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': this.#options.userAgent,
      ...credentials.headers,
    }
    if (body !== undefined) headers['content-type'] = contentType ?? 'application/json'
    return headers
  }

  #tell(request: ApiRequest, code: number | 'error', durationMs: number): void {
    try {
      this.#options.onRequest?.({ verb: verbOf(request), method: request.method, code, durationMs })
    } catch {
      // Counting must not fail what is counted.
    }
  }
}

/** Which of the errors it is that callers know. */
function explain(error: unknown, name: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof KubernetesError) return error
  const message = `${name} got no answer: ${(error as Error).message}`
  return new KubernetesConnectionError('network', message, { cause: error })
}
