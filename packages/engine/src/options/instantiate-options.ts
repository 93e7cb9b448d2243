/** The options of `instantiate` and `instantiateWhenFree`. Those of waiting are checked by the pool. */
import { checkDeadline } from './check-deadline.ts'
import { refuseUnknown } from './refuse-unknown.ts'

export interface InstantiateOptions {
  /**
   * How long the instance may take from now on, all of its calls together, in milliseconds: above 0, up to 1,073,741,823
   * (12 days). After that a running call is stopped, and a later one throws, with DeadlineExceededError. For engines with
   * `deadlines: true`. @default none
   */
  readonly deadlineMs?: number
}

/** With `instantiateWhenFree` the time of `deadlineMs` begins when the slots are there. */
export interface WaitOptions extends InstantiateOptions {
  /** How long to wait for free slots, in milliseconds. @default the pool's */
  readonly waitMs?: number
  /** Ends the waiting early. @default none */
  readonly signal?: AbortSignal
}

const names = { deadlineMs: true } satisfies Record<keyof InstantiateOptions, true>
const waitNames = { ...names, waitMs: true, signal: true } satisfies Record<keyof WaitOptions, true>

/** What `deadlineMs` says. @throws InvalidOptionError */
export function resolveInstantiateOptions(
  options: WaitOptions,
  { deadlines }: { readonly deadlines: boolean },
  waits = false,
): number | undefined {
  refuseUnknown(options, waits ? waitNames : names)
  const { deadlineMs } = options
  if (deadlineMs !== undefined) checkDeadline(deadlineMs, deadlines)
  return deadlineMs
}
