import { HostError } from './host-error.ts'

/** No module of this name, or of this UID. */
export class UnknownModuleError extends HostError {
  readonly code = 'WARMSLOT_UNKNOWN_MODULE'
  readonly status = 404

  constructor(name: string) {
    super(
      `There is no module "${name}" here. \`GET /v1/modules\` of the administration port lists those that are.`,
    )
  }
}
