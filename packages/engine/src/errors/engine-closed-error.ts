import { WarmslotError, hasCode } from './warmslot-error.ts'

/** The engine was closed. */
export class EngineClosedError extends WarmslotError {
  readonly code = 'WARMSLOT_ENGINE_CLOSED'

  static isInstance(value: unknown): value is EngineClosedError {
    return hasCode(value, 'WARMSLOT_ENGINE_CLOSED')
  }

  constructor() {
    super('This engine was closed. Make a new Engine.')
  }
}
