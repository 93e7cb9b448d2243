import { WarmslotError, hasCode } from './warmslot-error.ts'

/** The module has state that a snapshot cannot hold. It can be used as it is; only the snapshot is refused. */
export class SnapshotError extends WarmslotError {
  readonly code = 'WARMSLOT_SNAPSHOT'

  static isInstance(value: unknown): value is SnapshotError {
    return hasCode(value, 'WARMSLOT_SNAPSHOT')
  }
  /** What cannot be captured, in a few words. */
  readonly state: string

  constructor(state: string, advice: string) {
    super(`No snapshot can be taken: ${state}. ${advice}`)
    this.state = state
  }
}
