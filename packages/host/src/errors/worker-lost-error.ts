import { HostError } from './host-error.ts'

/** The worker thread of this request ended, or had to be ended; it was replaced. */
export class WorkerLostError extends HostError {
  readonly code = 'WARMSLOT_WORKER_LOST'
  readonly status = 502
  /** Whether the worker had begun with the request. If not, another one can have it: nothing of it has happened. */
  readonly begun: boolean

  constructor(message: string, begun: boolean) {
    super(message)
    this.begun = begun
  }
}
