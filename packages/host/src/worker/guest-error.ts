/** What a request's guest threw, as an error of this package. */
import { DeadlineExceededError } from '@warmslot/engine'
import { GuestTrappedError } from '../errors/guest-trapped-error.ts'
import { HostError } from '../errors/host-error.ts'
import { TimeLimitError } from '../errors/time-limit-error.ts'
import { GuestExit } from './guest-exit.ts'

export function guestError(error: unknown, timeLimitMs: number, stderr: Uint8Array): HostError {
  if (HostError.isInstance(error)) return error
  if (error instanceof DeadlineExceededError) return new TimeLimitError(timeLimitMs)
  const text = Buffer.from(stderr).toString('utf8')
  if (error instanceof GuestExit) return new GuestTrappedError(`exit code ${error.code}.`, text)
  if (error instanceof WebAssembly.RuntimeError)
    return new GuestTrappedError(`a trap: ${error.message}.`, text)
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new GuestTrappedError(`an exception: ${what}.`, text)
}
