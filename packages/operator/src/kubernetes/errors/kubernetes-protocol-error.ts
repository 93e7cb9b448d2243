import { KubernetesError } from './kubernetes-error.ts'

const code = 'WARMSLOT_KUBERNETES_PROTOCOL'

/** An answer that is not what the API promises, or is larger than allowed here. */
export class KubernetesProtocolError extends KubernetesError {
  readonly code: typeof code = code

  static isInstance(value: unknown): value is KubernetesProtocolError {
    return value instanceof Error && (value as { code?: unknown }).code === code
  }
}
