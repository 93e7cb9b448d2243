/** A connection to an API server in the same process: no network, but its failures. */
import type { Readable } from 'node:stream'
import {
  ApiClient,
  type ApiRequest,
  type ApiStatus,
  type Clock,
  KubernetesApiError,
  KubernetesConnectionError,
} from '../../src/index.ts'
import type { ApiState } from './api-state.ts'

/**
 * `refuse`: 500. `lost`: the request does not arrive. `answerLost`: it is done, but no answer arrives. `hang`: it does not arrive, and
 * only the time limit tells. `late`: it is done at once, the answer waits for `letLateArrive`.
 */
export type Fault = 'none' | 'refuse' | 'lost' | 'answerLost' | 'hang' | 'late'

export class MemoryCluster extends ApiClient {
  readonly state: ApiState
  readonly requests: ApiRequest[] = []
  fault: Fault = 'none'
  /** Asked before the state: something to throw, instead of an answer. */
  script: (request: ApiRequest) => Error | undefined = () => undefined
  readonly #clock: Clock
  #late: (() => void)[] = []

  constructor(state: ApiState, clock: Clock) {
    super()
    this.state = state
    this.#clock = clock
  }

  letLateArrive(): void {
    for (const arrive of this.#late.splice(0)) arrive()
  }

  async request<T>(request: ApiRequest): Promise<T> {
    request.signal?.throwIfAborted()
    this.requests.push(request)
    const { fault } = this
    await Promise.resolve()
    const refusal = this.script(request)
    if (refusal !== undefined) throw refusal
    if (fault === 'refuse') throw new KubernetesApiError(request.method, 500, { reason: 'InternalError' })
    if (fault === 'lost') throw new KubernetesConnectionError('network', 'The connection broke.')
    if (fault === 'hang') await this.#untilTimeout(request)
    const { status, body } = this.#do(request)
    if (fault === 'answerLost') throw new KubernetesConnectionError('network', 'The connection broke.')
    if (fault === 'late')
      await Promise.race([
        new Promise<void>((resolve) => this.#late.push(resolve)),
        this.#untilTimeout(request),
      ])
    if (status >= 300) throw new KubernetesApiError(request.method, status, body as ApiStatus)
    return structuredClone(body) as T
  }

  stream(): Promise<Readable> {
    throw new Error('no watches here')
  }

  #do({ method, path, query = {}, body }: ApiRequest): { status: number; body: unknown } {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value))
    return this.state.answer({ method, path, query: search, body: structuredClone(body) })
  }

  #untilTimeout({ timeoutMs = 30_000, signal }: ApiRequest): Promise<never> {
    return new Promise((_resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () =>
        reject(new KubernetesConnectionError('timeout', 'No answer.')),
      )
      signal?.addEventListener('abort', () => {
        cancel()
        reject(signal.reason as Error)
      })
    })
  }
}
