import { HostError } from './host-error.ts'

/** A module with this UID is here already, with other bytes or settings, or is being purged. */
export class ModuleConflictError extends HostError {
  readonly code = 'WARMSLOT_MODULE_CONFLICT'
  readonly status = 409
}
