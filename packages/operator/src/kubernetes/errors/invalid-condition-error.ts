import { KubernetesError } from './kubernetes-error.ts'

/** A condition that the API server would refuse: an error in the calling program. */
export class InvalidConditionError extends KubernetesError {
  readonly code = 'WARMSLOT_INVALID_CONDITION'

  constructor(field: string, expected: string, given: unknown) {
    super(`A condition's "${field}" must be ${expected}, not ${JSON.stringify(given) ?? String(given)}.`)
  }
}
