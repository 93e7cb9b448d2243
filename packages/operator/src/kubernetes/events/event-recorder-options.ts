/** An EventRecorder's options, their defaults, units and ranges. */
import type { ApiClient } from '../cluster/api-client.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Clock, systemClock } from '../time/clock.ts'

export interface EventRecorderOptions {
  readonly cluster: ApiClient
  /** Who reports, as a qualified name: `example.com/operator`. Up to 253 characters. */
  readonly controller: string
  /** Which process of it. Up to 128 characters; what is more is cut. */
  readonly instance: string
  /** An event that could not be written, and is not tried again. */
  readonly onError?: (error: unknown) => void
  /** Events that wait to be written; more are dropped. @default 1_000 */
  readonly maxQueued?: number
  /** Series and objects that are remembered; the oldest are forgotten. @default 4_096 */
  readonly maxRemembered?: number
  /** How many events an object may have at once. @default 25 */
  readonly burst?: number
  /** After which time an object may have one more, in milliseconds. @default 300_000 */
  readonly refillMs?: number
  /** The same event within this time after its last counts as a repetition, in milliseconds. @default 600_000 */
  readonly seriesMs?: number
  /** How often the count of repetitions is written at most, in milliseconds. @default 60_000 */
  readonly seriesWriteMs?: number
  /** How long disposing waits for what is queued, in milliseconds. @default 2_000 */
  readonly flushMs?: number
  /** @default the system's */
  readonly clock?: Clock
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number
}

type Optional = 'onError'
export type ResolvedEventRecorderOptions = Required<Omit<EventRecorderOptions, Optional>> &
  Pick<EventRecorderOptions, Optional>

const numbers = ['maxQueued', 'maxRemembered', 'burst', 'refillMs', 'seriesMs', 'seriesWriteMs'] as const

/** @throws InvalidOptionError */
export function resolveEventRecorderOptions(options: EventRecorderOptions): ResolvedEventRecorderOptions {
  const resolved: ResolvedEventRecorderOptions = {
    ...options,
    maxQueued: options.maxQueued ?? 1_000,
    maxRemembered: options.maxRemembered ?? 4_096,
    burst: options.burst ?? 25,
    refillMs: options.refillMs ?? 300_000,
    seriesMs: options.seriesMs ?? 600_000,
    seriesWriteMs: options.seriesWriteMs ?? 60_000,
    flushMs: options.flushMs ?? 2_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
  if (resolved.controller === '') throw new InvalidOptionError('controller', 'there', resolved.controller)
  for (const name of numbers) {
    if (!Number.isInteger(resolved[name]) || resolved[name] < 1)
      throw new InvalidOptionError(name, 'a whole number from 1', resolved[name])
  }
  if (!(resolved.flushMs >= 0)) throw new InvalidOptionError('flushMs', '0 or more', resolved.flushMs)
  return resolved
}
