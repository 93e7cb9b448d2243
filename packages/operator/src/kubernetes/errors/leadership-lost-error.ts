import { KubernetesError } from './kubernetes-error.ts'

const code = 'WARMSLOT_LEADERSHIP_LOST'

/** This process leads no more: somebody else may. What it was doing must stop at once. */
export class LeadershipLostError extends KubernetesError {
  readonly code: typeof code = code

  static isInstance(value: unknown): value is LeadershipLostError {
    return value instanceof Error && (value as { code?: unknown }).code === code
  }
}
