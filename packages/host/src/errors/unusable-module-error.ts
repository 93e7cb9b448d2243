import { HostError } from './host-error.ts'

/** Bytes that are no module, or a module that cannot be pooled or run here. */
export class UnusableModuleError extends HostError {
  readonly code = 'WARMSLOT_UNUSABLE_MODULE'
  readonly status = 422
}
