import { HostError } from './host-error.ts'

/** The guest did not end within its time limit, and was stopped. */
export class TimeLimitError extends HostError {
  readonly code = 'WARMSLOT_TIME_LIMIT'
  readonly status = 504

  constructor(timeLimitMs: number) {
    super(`The guest did not end within ${timeLimitMs} ms (setting "timeLimitMs").`)
  }
}
