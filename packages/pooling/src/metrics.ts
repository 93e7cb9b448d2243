/**
 * Numbers for operators: a snapshot at each call. Counting as it happens costs an increment; putting the snapshot together
 * is O(modules); resident bytes cost a question to the kernel for each slot in use or affine, so they come on demand only.
 */

import type { IndexAllocator } from '@warmslot/index-allocator'
import { Counters, type EventCounts } from './counters.ts'
import type { ModuleRecord, ModuleState } from './records.ts'
import type { SlotCare } from './slot-care.ts'

export interface MetricsOptions {
  /** Ask the kernel how much memory the slots hold: system calls for each slot with an image. @default false */
  readonly residentBytes?: boolean
}

/** One module's numbers. All of them are of slots of this pool, and since `register`. */
export interface ModuleMetrics extends EventCounts {
  readonly id: number
  readonly label: string
  readonly state: ModuleState
  /** Leases that are out. */
  readonly leases: number
  /** Slots in use, out with a lease. */
  readonly slotsInUse: number
  /** Slots that wait for a batched reset. */
  readonly slotsQueued: number
  /** Free slots that still map one of its images. */
  readonly slotsAffine: number
  /** Retired slots that may hold something of it. */
  readonly slotsLeftOver: number
  /** Size of its images, in bytes. They are there once, however many slots map them. */
  readonly imageBytes: number
  /** Private memory that its slots hold, in bytes; undefined unless asked for. */
  readonly residentBytes: number | undefined
}

/** The pool's numbers. `untouched + withoutAffinity + affine + inUse + queued + retired = slots`. */
export interface PoolMetrics extends EventCounts {
  /** Option `slots`. */
  readonly slots: number
  /** Option `slotBytes`. */
  readonly slotBytes: number
  /** Name of the strategy. */
  readonly strategy: string
  /** Free slots that were never used. */
  readonly untouched: number
  /** Free slots that were used, and map no image. */
  readonly withoutAffinity: number
  /** Free slots that still map the image of the module that used them last. */
  readonly affine: number
  /** Slots out with leases. */
  readonly inUse: number
  /** Slots that wait for a batched reset; available to whoever needs one. */
  readonly queued: number
  /** Slots given up, because the kernel refused to clear them. */
  readonly retired: number
  /** Whether memory is short, as far as the pool knows (option `memoryPressure`): resets keep no pages then. */
  readonly memoryPressure: boolean
  /** Leases that are out, of modules without memories too. */
  readonly leases: number
  /** Callers that wait for slots. */
  readonly waiting: number
  /** Modules purged to the end. */
  readonly purges: number
  /** Private memory that slots hold, in bytes; undefined unless asked for. */
  readonly residentBytes: number | undefined
  /** What the kernel refused last; undefined if nothing yet. */
  readonly lastFault: unknown
  /** Modules registered now, those being purged included. */
  readonly modules: readonly ModuleMetrics[]
}

/** Where the numbers are. */
export interface MetricsSources {
  readonly allocator: IndexAllocator
  readonly care: SlotCare
  readonly slotBytes: number
  readonly queued: number
  readonly waiting: number
  readonly purges: number
  /** Modules that are gone. */
  readonly past: Counters
  readonly records: Iterable<ModuleRecord>
}

export function takeMetrics(sources: MetricsSources, options: MetricsOptions): PoolMetrics {
  const { allocator, care } = sources
  const resident = options.residentBytes === true ? residentBytes(care) : undefined
  const total = new Counters()
  total.add(sources.past)
  total.faults += care.faultsElsewhere
  const modules: ModuleMetrics[] = []
  let leases = 0
  for (const record of sources.records) {
    total.add(record.counters)
    leases += record.leases
    modules.push(moduleMetrics(record, allocator, resident && (resident.byRecord.get(record) ?? 0)))
  }
  const { untouched, withoutAffinity, affine, taken } = allocator.counts
  return {
    ...total,
    slots: allocator.capacity,
    slotBytes: sources.slotBytes,
    strategy: allocator.strategyName,
    untouched,
    withoutAffinity,
    affine,
    inUse: taken - sources.queued - care.retired,
    queued: sources.queued,
    retired: care.retired,
    memoryPressure: !care.keepsPages,
    leases,
    waiting: sources.waiting,
    purges: sources.purges,
    residentBytes: resident?.total,
    lastFault: care.lastFault,
    modules,
  }
}

function moduleMetrics(
  record: ModuleRecord,
  allocator: IndexAllocator,
  resident: number | undefined,
): ModuleMetrics {
  let slotsQueued = 0
  let slotsAffine = 0
  let imageBytes = 0
  for (const memory of record.memories) {
    slotsQueued += memory.queued
    slotsAffine += allocator.affineCount(memory.key)
    imageBytes += memory.image.byteLength
  }
  return {
    ...record.counters,
    id: record.id,
    label: record.label,
    state: record.state,
    leases: record.leases,
    slotsInUse: record.slotsInUse,
    slotsQueued,
    slotsAffine,
    slotsLeftOver: record.leftovers.size,
    imageBytes,
    residentBytes: resident,
  }
}

function residentBytes(care: SlotCare): { total: number; byRecord: Map<ModuleRecord, number> } {
  const byRecord = new Map<ModuleRecord, number>()
  let total = 0
  for (const { memory, owner } of care.usedSlots()) {
    if (memory === undefined || owner === undefined) continue
    const bytes = memory.residentBytes()
    total += bytes
    byRecord.set(owner.record, (byRecord.get(owner.record) ?? 0) + bytes)
  }
  return { total, byRecord }
}
