import { HostError } from './host-error.ts'

/** The module exports no function of this name. */
export class UnknownExportError extends HostError {
  readonly code = 'WARMSLOT_UNKNOWN_EXPORT'
  readonly status = 404

  constructor(module: string, name: string, functions: readonly string[]) {
    const list = functions.length === 0 ? 'none' : functions.join(', ')
    super(`Module "${module}" exports no function "${name}". It exports: ${list}.`)
  }
}
