import { HostError } from './host-error.ts'

/** This port has nothing at this path. */
export class NoSuchPathError extends HostError {
  readonly code = 'WARMSLOT_NO_SUCH_PATH'
  readonly status = 404

  constructor() {
    super(
      'There is nothing at this path. `GET /openapi.json` of the administration port lists what there is.',
    )
  }
}
