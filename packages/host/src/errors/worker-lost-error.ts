import { HostError } from './host-error.ts'

/** The worker thread of this request ended, or had to be ended; it was replaced. */
export class WorkerLostError extends HostError {
  readonly code = 'WARMSLOT_WORKER_LOST'
  readonly status = 502
}
