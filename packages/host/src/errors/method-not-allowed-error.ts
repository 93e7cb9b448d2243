import { HostError } from './host-error.ts'

/** This path takes other methods. */
export class MethodNotAllowedError extends HostError {
  readonly code = 'WARMSLOT_METHOD_NOT_ALLOWED'
  readonly status = 405
  /** For the header `Allow`, which the answer must have: RFC 9110 section 15.5.6. */
  readonly methods: readonly string[]

  constructor(method: string, methods: readonly string[]) {
    super(`This path takes ${methods.join(', ')}, not ${method}.`)
    this.methods = methods
  }
}
