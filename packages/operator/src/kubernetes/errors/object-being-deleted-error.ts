import { KubernetesError } from './kubernetes-error.ts'

const code = 'WARMSLOT_OBJECT_BEING_DELETED'

/** An object that is being deleted takes no new finalizer. */
export class ObjectBeingDeletedError extends KubernetesError {
  readonly code: typeof code = code

  constructor(object: string, finalizer: string) {
    super(`${object} is being deleted: the finalizer ${finalizer} cannot be added any more.`)
  }

  static isInstance(value: unknown): value is ObjectBeingDeletedError {
    return value instanceof Error && (value as { code?: unknown }).code === code
  }
}
