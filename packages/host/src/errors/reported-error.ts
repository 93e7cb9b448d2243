import type { ReportedError as Report } from '../workers/protocol.ts'
import { HostError } from './host-error.ts'

/** An error of a worker, in the main thread: with the code and the status that it has there. */
export class ReportedError extends HostError {
  readonly code: string
  readonly status: number
  /** What the guest wrote to its standard error, where that is known. */
  readonly stderr: string | undefined

  constructor({ name, code, status, message, stderr }: Report) {
    super(message)
    this.name = name
    this.code = code
    this.status = status
    this.stderr = stderr
  }
}
