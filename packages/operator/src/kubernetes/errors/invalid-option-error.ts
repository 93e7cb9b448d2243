import { KubernetesError } from './kubernetes-error.ts'

/** An option or an argument that is not as it must be: an error in the calling program. */
export class InvalidOptionError extends KubernetesError {
  readonly code = 'WARMSLOT_INVALID_OPTION'
  readonly option: string

  constructor(option: string, expected: string, given: unknown) {
    super(`"${option}" must be ${expected}, not ${JSON.stringify(given) ?? String(given)}.`)
    this.option = option
  }
}
