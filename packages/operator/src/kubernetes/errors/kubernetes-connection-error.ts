import { KubernetesError } from './kubernetes-error.ts'

const code = 'WARMSLOT_KUBERNETES_CONNECTION'

/**
 * `network`: no connection, or it broke. `timeout`: no whole answer in time. `authentication`: the credentials could not be had (a
 * token file, an exec plugin). `closed`: this Cluster is disposed.
 */
export type ConnectionFailure = 'network' | 'timeout' | 'authentication' | 'closed'

/** No answer of the API server. Of a request that changes something, it is unknown whether it was done. */
export class KubernetesConnectionError extends KubernetesError {
  readonly code: typeof code = code
  readonly failure: ConnectionFailure

  constructor(failure: ConnectionFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }

  static isInstance(value: unknown): value is KubernetesConnectionError {
    return value instanceof Error && (value as { code?: unknown }).code === code
  }
}
