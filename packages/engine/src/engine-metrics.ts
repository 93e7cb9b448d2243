/** What `engine.metrics()` tells. */
import type { PoolMetrics } from '@warmslot/pooling'

import type { FreshReason } from './binary/reusability.ts'

/** How instances were made since the engine was. */
export interface InstanceCounts {
  /** A live instance of an earlier use served again, its state reset. */
  warm: number
  /** V8 made a new instance, on a slot with or without the image mapped. */
  fresh: number
  /** Instantiation threw. */
  failed: number
  /** A call threw DeadlineExceededError; each use counts once, made or not. */
  deadlineExceeded: number
  /** Of the fresh ones, those whose module can never be reused, by reason. The others were first, or had other imports. */
  freshReasons: Partial<Record<FreshReason, number>>
}

export interface EngineMetrics {
  readonly instances: Readonly<InstanceCounts>
  /** Slots, affinity, hits, resets, purges; by pool and by module. */
  readonly pool: PoolMetrics
}
