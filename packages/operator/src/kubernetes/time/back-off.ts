/** How long to wait after failures: longer each time, up to a limit, and never all at the same moment. */
import { InvalidOptionError } from '../errors/invalid-option-error.ts'

export interface BackOffOptions {
  /** After the first failure, in milliseconds. */
  readonly initialMs: number
  /** No longer than this, in milliseconds. */
  readonly maxMs: number
  /** How much longer each time. */
  readonly factor: number
  /** Which share of a wait is random, 0 to 1: 0.5 waits for half of it to all of it. */
  readonly jitter: number
}

/** @throws InvalidOptionError */
export function checkBackOff({ initialMs, maxMs, factor, jitter }: BackOffOptions): void {
  if (!(initialMs > 0 && Number.isFinite(initialMs)))
    throw new InvalidOptionError('backOff.initialMs', 'above 0', initialMs)
  if (!(maxMs >= initialMs && Number.isFinite(maxMs)))
    throw new InvalidOptionError('backOff.maxMs', `${initialMs} (initialMs) or more`, maxMs)
  if (!(factor >= 1 && Number.isFinite(factor)))
    throw new InvalidOptionError('backOff.factor', '1 or more', factor)
  if (!(jitter >= 0 && jitter <= 1)) throw new InvalidOptionError('backOff.jitter', 'from 0 to 1', jitter)
}

/** @param failures how many there were, 1 or more @param random from 0 up to 1 @returns milliseconds */
export function backOffDelay(options: BackOffOptions, failures: number, random: number): number {
  const { initialMs, maxMs, factor, jitter } = options
  const whole = Math.min(maxMs, initialMs * factor ** (failures - 1))
  return whole * (1 - jitter * random)
}

/** Counts the failures in a row. */
export class BackOff {
  readonly #options: BackOffOptions
  readonly #random: () => number
  #failures = 0

  /** @throws InvalidOptionError */
  constructor(options: BackOffOptions, random: () => number = Math.random) {
    checkBackOff(options)
    this.#options = options
    this.#random = random
  }

  get failures(): number {
    return this.#failures
  }

  /** One more failure. @returns how long to wait now, in milliseconds */
  next(): number {
    this.#failures += 1
    return backOffDelay(this.#options, this.#failures, this.#random())
  }

  reset(): void {
    this.#failures = 0
  }
}
