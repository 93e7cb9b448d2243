/**
 * The gate of one use: every handle that the caller holds goes through it.
 *
 *   preparing -> live -> released        (a failed instantiation goes from preparing to released)
 *
 * Invariant: once released, nothing passes any more, in whatever order handles were made or kept. `running` counts the
 * calls that are inside the module right now, `suspended` those that wait for a promise there, since its memory must not
 * be reset under them.
 */
import type { UseTime } from '../deadlines/use-time.ts'
import { InstanceReleasedError } from '../errors/instance-released-error.ts'

export const preparing = 0
export const live = 1
export const released = 2

export class Gate {
  state: typeof preparing | typeof live | typeof released = preparing
  running = 0
  suspended = 0
  /** How many promises still need the slots. */
  holds = 0
  /** Whether anything ran or could have been written since the slot was at its baseline. */
  dirty = false
  /** Where the engine has deadlines. */
  readonly time: UseTime | undefined

  constructor(time?: UseTime) {
    this.time = time
  }

  /** Whether the slots are needed for this instance's own sake. */
  get inUse(): boolean {
    return this.state !== released || this.holds > 0
  }

  /**
   * Runs an operation that converts values of the caller's, and so may run code of the caller's, as a call into the
   * instance: released within it, it would go on with the next use's memory, table or global.
   */
  during<T>(operation: () => T): T {
    this.running++
    try {
      return operation()
    } finally {
      this.running--
    }
  }

  /** Throws {@link InstanceReleasedError} once the use is over. */
  pass(what: string): void {
    if (this.state === released) throw new InstanceReleasedError(what)
  }
}
