/** How many events each object may have: a burst, and one more after each while. */
import type { Clock } from '../time/clock.ts'
import { Remembered } from './remembered.ts'

export class ObjectRate {
  readonly #burst: number
  readonly #refillMs: number
  readonly #clock: Clock
  readonly #buckets: Remembered<string, { readonly tokens: number; readonly atMs: number }>

  constructor(options: { burst: number; refillMs: number; maxRemembered: number; clock: Clock }) {
    this.#burst = options.burst
    this.#refillMs = options.refillMs
    this.#clock = options.clock
    this.#buckets = new Remembered(options.maxRemembered)
  }

  /** @returns whether it may have one now */
  take(object: string): boolean {
    const atMs = this.#clock.now()
    const bucket = this.#buckets.get(object)
    const refilled =
      bucket === undefined ? this.#burst : bucket.tokens + (atMs - bucket.atMs) / this.#refillMs
    const tokens = Math.min(this.#burst, refilled)
    const isAllowed = tokens >= 1
    this.#buckets.set(object, { tokens: isAllowed ? tokens - 1 : tokens, atMs })
    return isAllowed
  }
}
