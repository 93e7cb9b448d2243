import { KubernetesError } from './kubernetes-error.ts'

const code = 'WARMSLOT_OBJECT_REPLACED'

/** The object is gone, and another one has its name. */
export class ObjectReplacedError extends KubernetesError {
  readonly code: typeof code = code

  constructor(object: string, expectedUID: string, foundUID: string) {
    super(
      `${object} with the UID ${expectedUID} is gone: another one, ${foundUID}, has its name now. Read it anew.`,
    )
  }

  static isInstance(value: unknown): value is ObjectReplacedError {
    return value instanceof Error && (value as { code?: unknown }).code === code
  }
}
