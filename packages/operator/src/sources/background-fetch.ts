/**
 * Fetches one Module's bytes while nobody waits, until it has them; after a failure again, after pauses that grow.
 *
 *     fetching ──► bytes, until somebody takes them, or for `holdMs`
 *       ▲   └────► problem ──┐
 *       └──────── pause ◄────┘
 *
 * The problem stays while it is tried again: whoever asks meanwhile is told the same as before.
 */
import { backOffDelay, type BackOffOptions } from '../kubernetes/time/back-off.ts'
import type { Clock } from '../kubernetes/time/clock.ts'

export interface BackgroundFetchOptions {
  /** @throws what is wrong there */
  readonly fetch: (signal: AbortSignal) => Promise<Uint8Array>
  readonly backOff: BackOffOptions
  /** How long the bytes are held for somebody to take them, in milliseconds. */
  readonly holdMs: number
  readonly clock: Clock
  readonly random: () => number
  /** Bytes or a problem are there now. */
  readonly told: () => void
  /** Nobody has taken the bytes. */
  readonly overdue: () => void
}

export class BackgroundFetch {
  readonly #options: BackgroundFetchOptions
  readonly #ending = new AbortController()
  #bytes: Uint8Array | undefined
  #problem: { readonly error: unknown } | undefined
  #failures = 0
  #cancelTimer: () => void = () => undefined
  #running: Promise<void>

  /** Begins at once. */
  constructor(options: BackgroundFetchOptions) {
    this.#options = options
    this.#running = this.#fetch()
  }

  get bytes(): Uint8Array | undefined {
    return this.#bytes
  }

  /** What the last try came to, where it failed. */
  get problem(): { readonly error: unknown } | undefined {
    return this.#problem
  }

  /** Nobody wants them any more. @returns ends when it does nothing any more */
  end(): Promise<void> {
    this.#ending.abort(new Error('Nobody waits for it any more.'))
    this.#cancelTimer()
    return this.#running
  }

  async #fetch(): Promise<void> {
    const { fetch, backOff, holdMs, clock, random, told, overdue } = this.#options
    const { signal } = this.#ending
    try {
      const bytes = await fetch(signal)
      if (signal.aborted) return
      this.#bytes = bytes
      this.#cancelTimer = clock.after(holdMs, overdue)
    } catch (error) {
      if (signal.aborted) return
      this.#problem = { error }
      this.#failures += 1
      const again = (): void => void (this.#running = this.#fetch())
      this.#cancelTimer = clock.after(backOffDelay(backOff, this.#failures, random()), again)
    }
    told()
  }
}
