import { WarmslotError, hasCode } from './warmslot-error.ts'

/** The options ask for more than this machine's limits allow. */
export class ResourceLimitError extends WarmslotError {
  readonly code = 'WARMSLOT_RESOURCE_LIMIT'

  static isInstance(value: unknown): value is ResourceLimitError {
    return hasCode(value, 'WARMSLOT_RESOURCE_LIMIT')
  }
  /** The limit: `vm.max_map_count`, `RLIMIT_AS`... */
  readonly limit: string

  constructor(limit: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.limit = limit
  }
}
