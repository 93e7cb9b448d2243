/** A Reflector's options, their defaults, units and ranges. */
import type { ApiClient } from '../cluster/api-client.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { ApiObject } from '../object.ts'
import type { Resource } from '../resource.ts'
import { type BackOffOptions, checkBackOff } from '../time/back-off.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import type { Indexer } from './object-store.ts'

/** Called one after the other, when the store has the change already. What they throw goes to `onError`. */
export interface ReflectorHandlers<T> {
  readonly added?: (object: T) => void
  readonly updated?: (object: T, old: T) => void
  /** With the last state: the event's; of what a list has missed, the one known before. */
  readonly deleted?: (object: T) => void
}

export interface ReflectorFailure {
  readonly error: unknown
  /** `handler`: a handler or the transformation has thrown; it goes on. */
  readonly phase: 'list' | 'watch' | 'handler'
  /** How many in a row. */
  readonly failures: number
  /** When it is tried again, in milliseconds. */
  readonly retryInMs: number
}

export interface ReflectorOptions<T extends ApiObject> {
  readonly cluster: ApiClient
  readonly resource: Resource
  /** @default all namespaces */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly handlers?: ReflectorHandlers<T>
  /** Under which values objects are found in the store, by the index's name. Must not throw. */
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
  /** What is kept of an object: name, namespace, uid and resourceVersion must stay. @default all of it */
  readonly transform?: (object: T) => T
  /** Told of failures; it goes on by itself. */
  readonly onError?: (failure: ReflectorFailure) => void
  /** Objects in one answer of a list. 1 to 10,000. @default 500 */
  readonly pageSize?: number
  /** Objects in all; more are a failure. @default 100_000 */
  readonly maxObjects?: number
  /** How large one event may be, in bytes. @default 16_777_216 (16 MiB) */
  readonly maxEventBytes?: number
  /** How long one page of a list may take, in milliseconds. @default 60_000 */
  readonly listTimeoutMs?: number
  /** The server is asked to end a watch after this time to twice of it, at random, in seconds. @default 300 */
  readonly minimumWatchSeconds?: number
  /**
   * A watch without any byte for so long is cut, in milliseconds: its connection may be dead. The server sends bookmarks about each
   * minute. @default 150_000
   */
  readonly idleAbortMs?: number
  /** After failures. @default { initialMs: 800, maxMs: 30_000, factor: 2, jitter: 0.5 } */
  readonly backOff?: BackOffOptions
  /** @default the system's */
  readonly clock?: Clock
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number
}

type Numbers =
  | 'pageSize'
  | 'maxObjects'
  | 'maxEventBytes'
  | 'listTimeoutMs'
  | 'minimumWatchSeconds'
  | 'idleAbortMs'
type Optional =
  | 'namespace'
  | 'labelSelector'
  | 'fieldSelector'
  | 'handlers'
  | 'indexers'
  | 'transform'
  | 'onError'
export type ResolvedReflectorOptions<T extends ApiObject> = Required<Omit<ReflectorOptions<T>, Optional>> &
  Pick<ReflectorOptions<T>, Optional>

const defaults: Readonly<Record<Numbers, number>> = {
  pageSize: 500,
  maxObjects: 100_000,
  maxEventBytes: 16 * 2 ** 20,
  listTimeoutMs: 60_000,
  minimumWatchSeconds: 300,
  idleAbortMs: 150_000,
}
const maxPageSize = 10_000

/** @throws InvalidOptionError */
export function resolveReflectorOptions<T extends ApiObject>(
  options: ReflectorOptions<T>,
): ResolvedReflectorOptions<T> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const resolved: ResolvedReflectorOptions<T> = {
    ...defaults,
    backOff: { initialMs: 800, maxMs: 30_000, factor: 2, jitter: 0.5 },
    clock: systemClock,
    random: Math.random,
    ...(given as unknown as ReflectorOptions<T>),
  }
  for (const name of Object.keys(defaults) as Numbers[]) {
    if (!Number.isInteger(resolved[name]) || resolved[name] < 1)
      throw new InvalidOptionError(name, 'a whole number from 1', resolved[name])
  }
  if (resolved.pageSize > maxPageSize)
    throw new InvalidOptionError('pageSize', `${maxPageSize} at most`, resolved.pageSize)
  checkBackOff(resolved.backOff)
  return resolved
}
