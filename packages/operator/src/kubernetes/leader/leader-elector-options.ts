/** A LeaderElector's options, their defaults, units and ranges. */
import type { ApiClient } from '../cluster/api-client.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Clock, systemClock } from '../time/clock.ts'

export interface LeaderElectorOptions {
  readonly cluster: ApiClient
  readonly namespace: string
  /** Of the Lease. */
  readonly name: string
  /** Of this process: no other may ever have it, also not the one before in the same pod. So part of it should be random. */
  readonly identity: string
  /** How long others wait for a sign of life before they take over, in milliseconds. @default 15_000 */
  readonly leaseDurationMs?: number
  /** How long after its last sign of life this one leads, in milliseconds; shorter than `leaseDurationMs`. @default 10_000 */
  readonly renewDeadlineMs?: number
  /** How often it gives one, and how often others look, in milliseconds. @default 2_000 */
  readonly retryPeriodMs?: number
  /** A request that failed; it is tried again. */
  readonly onError?: (error: unknown) => void
  /** Another holder was seen; undefined: nobody. */
  readonly onHolder?: (identity: string | undefined) => void
  /** Its `now` must go on while the process is stopped. @default the system's */
  readonly clock?: Clock
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number
}

type Optional = 'onError' | 'onHolder'
export type ResolvedLeaderElectorOptions = Required<Omit<LeaderElectorOptions, Optional>> &
  Pick<LeaderElectorOptions, Optional>

/** How much longer than `retryPeriodMs` a wait may be, by chance. */
export const retryJitter = 0.2

/** @throws InvalidOptionError */
export function resolveLeaderElectorOptions(options: LeaderElectorOptions): ResolvedLeaderElectorOptions {
  const resolved: ResolvedLeaderElectorOptions = {
    ...options,
    leaseDurationMs: options.leaseDurationMs ?? 15_000,
    renewDeadlineMs: options.renewDeadlineMs ?? 10_000,
    retryPeriodMs: options.retryPeriodMs ?? 2_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, identity } = resolved
  if (identity === '') throw new InvalidOptionError('identity', 'there', identity)
  if (!(retryPeriodMs > 0)) throw new InvalidOptionError('retryPeriodMs', 'above 0', retryPeriodMs)
  const least = retryPeriodMs * (1 + retryJitter)
  if (!(renewDeadlineMs > least))
    throw new InvalidOptionError(
      'renewDeadlineMs',
      `above ${least} (retryPeriodMs and a fifth)`,
      renewDeadlineMs,
    )
  if (!(leaseDurationMs > renewDeadlineMs && Number.isFinite(leaseDurationMs)))
    throw new InvalidOptionError(
      'leaseDurationMs',
      `above ${renewDeadlineMs} (renewDeadlineMs)`,
      leaseDurationMs,
    )
  return resolved
}
