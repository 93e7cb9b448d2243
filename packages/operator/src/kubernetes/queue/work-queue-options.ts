/** A WorkQueue's options, their defaults, units and ranges. */
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type BackOffOptions, checkBackOff } from '../time/back-off.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import type { WorkQueueObserver } from './work-queue-metrics.ts'

export interface WorkQueueOptions<K extends string> {
  /** Told of what happens. @default nobody */
  readonly observer?: WorkQueueObserver
  /** A handler has thrown; its key runs again, later. */
  readonly onError?: (error: unknown, key: K, failures: number, retryInMs: number) => void
  /** Of each key by itself. @default { initialMs: 500, maxMs: 60_000, factor: 2, jitter: 0.5 } */
  readonly backOff?: BackOffOptions
  /** @default the system's */
  readonly clock?: Clock
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number
}

export interface RunOptions {
  /** Keys at once, 1 to 1,000. @default 1 */
  readonly concurrency?: number
}

/** What a handler may return: that its key runs again after so long, in milliseconds. */
export interface HandlerResult {
  readonly requeueAfterMs?: number
}

/** @param signal aborted when the queue is disposed */
export type Handler<K extends string> = (key: K, signal: AbortSignal) => Promise<HandlerResult | void>

type Optional = 'observer' | 'onError'
export type ResolvedWorkQueueOptions<K extends string> = Required<Omit<WorkQueueOptions<K>, Optional>> &
  Pick<WorkQueueOptions<K>, Optional>

const maxConcurrency = 1_000

/** @throws InvalidOptionError */
export function resolveWorkQueueOptions<K extends string>(
  options: WorkQueueOptions<K>,
): ResolvedWorkQueueOptions<K> {
  const backOff = options.backOff ?? { initialMs: 500, maxMs: 60_000, factor: 2, jitter: 0.5 }
  checkBackOff(backOff)
  return { ...options, backOff, clock: options.clock ?? systemClock, random: options.random ?? Math.random }
}

/** @throws InvalidOptionError */
export function checkConcurrency(concurrency: number): void {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > maxConcurrency)
    throw new InvalidOptionError('concurrency', `a whole number from 1 to ${maxConcurrency}`, concurrency)
}
