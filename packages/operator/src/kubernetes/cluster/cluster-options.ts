/** A Cluster's options, their defaults, units and ranges. */
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Clock, systemClock } from '../time/clock.ts'

export interface ClusterOptions {
  /** How long a request may take, credentials and the whole answer included, in milliseconds. @default 30_000 */
  readonly timeoutMs?: number
  /** How large an answer may be, in bytes; of a watch, nothing limits the whole. @default 134_217_728 (128 MiB) */
  readonly maxAnswerBytes?: number
  /** Connections at once; each watch has one. More requests wait. @default 64 */
  readonly maxConnections?: number
  /** For how long tokens and certificates count as read, in milliseconds. @default 10_000 */
  readonly credentialsMaxAgeMs?: number
  /** Kubernetes also names the manager of fields by it, up to a `/`. @default 'warmslot-operator' */
  readonly userAgent?: string
  /** Told of each answer, each failure and each watch that began. Must not throw; if it does, that is ignored. */
  readonly onRequest?: (request: FinishedRequest) => void
  /** @default the system's */
  readonly clock?: Clock
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

export interface FinishedRequest {
  readonly verb: Verb
  readonly method: string
  /** The HTTP status; `error`: there was no answer. */
  readonly code: number | 'error'
  /** Until the answer was read; of a watch, until it began. In milliseconds. */
  readonly durationMs: number
}

export type ResolvedClusterOptions = Required<Omit<ClusterOptions, 'onRequest'>> &
  Pick<ClusterOptions, 'onRequest'>

/** @throws InvalidOptionError */
export function resolveClusterOptions(options: ClusterOptions): ResolvedClusterOptions {
  const resolved: ResolvedClusterOptions = {
    timeoutMs: options.timeoutMs ?? 30_000,
    maxAnswerBytes: options.maxAnswerBytes ?? 128 * 2 ** 20,
    maxConnections: options.maxConnections ?? 64,
    credentialsMaxAgeMs: options.credentialsMaxAgeMs ?? 10_000,
    userAgent: options.userAgent ?? 'warmslot-operator',
    clock: options.clock ?? systemClock,
    ...(options.onRequest && { onRequest: options.onRequest }),
  }
  for (const name of ['timeoutMs', 'maxAnswerBytes', 'maxConnections'] as const) {
    if (!Number.isInteger(resolved[name]) || resolved[name] < 1)
      throw new InvalidOptionError(name, 'a whole number from 1', resolved[name])
  }
  if (!(resolved.credentialsMaxAgeMs >= 0))
    throw new InvalidOptionError('credentialsMaxAgeMs', '0 or more', resolved.credentialsMaxAgeMs)
  return resolved
}
