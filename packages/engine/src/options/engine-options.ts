/** The engine's options, their defaults and their ranges. */
import type { AllocationStrategy } from '@warmslot/index-allocator'

import { InvalidOptionError } from '@warmslot/index-allocator'
import type { HeapLimits } from '../binary/heap-limits.ts'
import { checkMemoryBytes } from './check-memory-bytes.ts'
import { resolveHeapLimits } from './resolve-heap-limits.ts'
import { refuseUnknown } from './refuse-unknown.ts'

export interface EngineOptions {
  /**
   * How many memories can be in use at once; V8 reserves 8 or 10 GiB of address space for each, the first time it is
   * used, and 16 GiB more the first time it is a 64-bit memory. From 1 to 16,000; the machine's limits may be lower and
   * are checked. @default 100
   */
  readonly slots?: number
  /**
   * What a memory can grow to at most, in bytes: a multiple of 64 KiB, up to 4 GiB. `memory.grow` beyond it fails as
   * beyond a module's own maximum. @default 134_217_728 (128 MiB)
   */
  readonly maxMemoryBytes?: number
  /** Which slot a new instance gets. @default reuseAffinity() */
  readonly strategy?: AllocationStrategy
  /**
   * How many bytes of a slot's dirtied pages may stay resident after a reset; those are copied back, the others given
   * back to the kernel. From 0. @default 4_194_304 (4 MiB)
   */
  readonly keepResidentBytes?: number
  /**
   * After how long without a use a free slot gives its resident pages back to the kernel, in milliseconds: 1 to
   * 2,147,483,647, or Infinity for never. Its image stays mapped, its instance live. @default 10_000
   */
  readonly idleTrimMs?: number
  /**
   * Says whether memory is short; asked once a second while free slots hold pages. While it is, all of them give theirs
   * back, and resets keep none. False: nobody is asked. @default the kernel (PSI, and the limits of the process's cgroups)
   */
  readonly memoryPressure?: (() => boolean) | false
  /** How many released slots are reset together, 1 to 1,024; 1 resets at release. @default 1 */
  readonly resetBatchSize?: number
  /**
   * Whether instances can have deadlines: modules are then compiled with checks that let a watchdog thread stop a guest
   * that does not return. @default false
   */
  readonly deadlines?: boolean
  /**
   * Whether the buffers of memories outlive their use: neither growth nor release detaches them, and the next use of the slot
   * gets the same one. For hosts that read `memory.buffer` anew in each call of an import, and keep nothing of it: what they did keep
   * would be another use's bytes, or none, which ends the process. In exchange V8 does not count each use's buffer as new memory;
   * with buffers of 10 MiB and more that can make it collect garbage at every few uses. @default false
   */
  readonly keepBuffers?: boolean
  /**
   * How many tables a module may define; one with more is refused. 1 to 100,000. @default 100_000, as V8 has it
   */
  readonly maxTables?: number
  /**
   * What each table can grow to at most, in entries: growth beyond it fails as beyond a module's own maximum, and a module
   * whose table starts larger is refused, as is one with longer element segments. 1 to 10,000,000.
   * @default 10_000_000, as V8 has it
   */
  readonly maxTableElements?: number
  /**
   * How large each array of a guest can be (GC proposal), in bytes: making a larger one traps, as beyond V8's own limit. Modules
   * are then compiled so that every such instruction is checked. 1 to 1,073,741,824, or Infinity for V8's own limit.
   * @default Infinity
   */
  readonly maxArrayBytes?: number
}

export interface ResolvedEngineOptions {
  readonly slots: number
  readonly maxMemoryBytes: number
  readonly deadlines: boolean
  readonly keepBuffers: boolean
  readonly heapLimits: HeapLimits
}

const mostSlots = 16_000
const mostMemoryBytes = 2 ** 32

const names: Record<keyof EngineOptions, true> = {
  slots: true,
  maxMemoryBytes: true,
  strategy: true,
  keepResidentBytes: true,
  idleTrimMs: true,
  memoryPressure: true,
  resetBatchSize: true,
  deadlines: true,
  keepBuffers: true,
  maxTables: true,
  maxTableElements: true,
  maxArrayBytes: true,
}

/** @throws InvalidOptionError */
export function resolveEngineOptions(options: EngineOptions): ResolvedEngineOptions {
  refuseUnknown(options, names)
  const { slots = 100, maxMemoryBytes = 128 * 2 ** 20, deadlines = false, keepBuffers = false } = options
  if (!Number.isInteger(slots) || slots < 1 || slots > mostSlots) {
    throw new InvalidOptionError('slots', `a whole number from 1 to ${mostSlots}`, slots)
  }
  checkMemoryBytes(maxMemoryBytes, mostMemoryBytes)
  if (typeof deadlines !== 'boolean') throw new InvalidOptionError('deadlines', 'true or false', deadlines)
  if (typeof keepBuffers !== 'boolean')
    throw new InvalidOptionError('keepBuffers', 'true or false', keepBuffers)
  return { slots, maxMemoryBytes, deadlines, keepBuffers, heapLimits: resolveHeapLimits(options) }
}
