/**
 * `@warmslot/pooling`: slots times images. A pool of pre-reserved linear memories that hands out slots with a module's
 * initial memory in place, and removes every trace of a module again, with proof.
 *
 *     const pool = new Pool({ slots: 100, slotBytes: 16 * 2 ** 20 })
 *     const module = pool.register({ memories: [{ image, initialBytes: 2 * 65_536 }] })
 *     const lease = pool.acquire(module)
 *     lease.memories[0]?.memory.write(0, bytes)
 *     lease.release()
 *     const receipt = await pool.purge(module)
 */

export { Pool } from './pool.ts'
export type { AcquireOptions, WaitOptions } from './pool.ts'
export type { PoolOptions, SlotReservation } from './pool-options.ts'
export { PoolModule } from './pool-module.ts'
export type { ModuleMemoryOptions, RegisterOptions } from './pool-module.ts'
export type { ModuleState } from './records.ts'
export { Lease } from './lease.ts'
export type { ReleaseOptions } from './lease.ts'
export { LeasedMemory } from './leased-memory.ts'
export type { KernelView, PurgeReceipt } from './purge-receipt.ts'
export type { EventCounts } from './counters.ts'
export type { MetricsOptions, ModuleMetrics, PoolMetrics } from './metrics.ts'
export type { AddressRange, SlotView, SlotViewOptions, SlotViewState } from './slot-views.ts'

export { ForeignModuleError } from './errors/foreign-module-error.ts'
export { IncompleteCloseError } from './errors/incomplete-close-error.ts'
export { InvalidOptionError } from '@warmslot/index-allocator'
export { LeaseReleasedError } from './errors/lease-released-error.ts'
export { LimitExceededError } from './errors/limit-exceeded-error.ts'
export type { ExceededLimit } from './errors/limit-exceeded-error.ts'
export { ModuleDroppedError } from './errors/module-dropped-error.ts'
export { PoolClosedError } from './errors/pool-closed-error.ts'
export { PoolExhaustedError } from './errors/pool-exhausted-error.ts'
export type { Exhaustion } from './errors/pool-exhausted-error.ts'
export { WaitTimeoutError } from './errors/wait-timeout-error.ts'
