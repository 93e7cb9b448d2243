/** What a pool can be told, the defaults, and the checks. */

import type { AllocationStrategy, SlotIndex } from '@warmslot/index-allocator'
import { InvalidOptionError, reuseAffinity } from '@warmslot/index-allocator'
import type { Reservation } from '@warmslot/memory-image'
import { MemoryPressure, RawReservation } from '@warmslot/memory-image'

/** WebAssembly's page size: linear memories have sizes in multiples of it. */
export const WASM_PAGE_BYTES = 65_536
/** `setTimeout` counts milliseconds in a signed 32-bit integer. */
export const LONGEST_WAIT_MS = 2_147_483_647
/** Most slots that an index allocator numbers. */
const MOST_SLOTS = 1_048_576
/** Most kinds of reservations: each can cost every slot its address space once more. */
const MOST_KINDS = 8

/** Address space of a slot. The pool disposes it where it can, at `close` and where a slot's memory must be replaced. */
export type SlotReservation = Reservation & Partial<Disposable>

/** Options of a {@link Pool}. Every limit has an error that names it. */
export interface PoolOptions {
  /** How many slots: linear memories in use, or kept warm, at the same time. 1 to 1,048,576. */
  readonly slots: number
  /** Capacity of one slot in bytes, a multiple of 65,536: no memory grows beyond it. Address space, not memory. */
  readonly slotBytes: number
  /** Which free slot an acquire gets. @default reuseAffinity() */
  readonly strategy?: AllocationStrategy
  /**
   * Makes the address space of a slot, when it is used for the first time. It must hold at least `slotBytes` and belong
   * to this slot alone. What it throws reaches the caller of `acquire`, unless another free slot has its address space
   * already. It must not call the pool. `kind` is one of `reservationKinds`.
   * @default raw mmap with guard regions (`RawReservation`)
   */
  readonly createReservation?: (slot: SlotIndex, kind: string) => SlotReservation
  /**
   * The kinds of address space that memories may ask for, 1 to 8 names; the first is for those that ask for none. A slot
   * makes each kind when it is first wanted there, uses one at a time, and keeps the others, wiped. @default ['default']
   */
  readonly reservationKinds?: readonly string[]
  /**
   * How many released slots are reset together, 1 to 1,024. At 1, `release` resets. Above, a released slot waits until
   * the batch is full, the event loop turns, or somebody needs it; it never counts as missing. @default 1
   */
  readonly resetBatchSize?: number
  /** How many bytes of a slot a reset may leave resident, by copying instead of unmapping. @default that of SlotMemory */
  readonly keepResidentBytes?: number
  /**
   * After how long without a use a free slot gives its resident pages back, in milliseconds: 1 to 2,147,483,647, or
   * Infinity for never. Its image stays mapped. @default 10_000
   */
  readonly idleTrimMs?: number
  /**
   * Says whether memory is short; asked once a second while free slots hold pages. While it is, all of them give theirs
   * back, and resets keep none. False: nobody is asked.
   * @default the kernel: stalls for memory (PSI), and the limits of the process's cgroups (`MemoryPressure`)
   */
  readonly memoryPressure?: (() => boolean) | false
  /** How long purges may hold the event loop in one turn, in milliseconds, 0.01 to 1,000. @default 0.5 */
  readonly purgeSliceMs?: number
  /** How long `acquireWhenFree` waits unless told otherwise, in milliseconds, 0 to 2,147,483,647. @default 30_000 */
  readonly waitMs?: number
  /** How many callers may wait at the same time, 0 to 1,048,576. @default 1_024 */
  readonly maxWaiting?: number
  /** How many modules may be registered (those being purged included), 1 to 1,048,576. @default 10_000 */
  readonly maxModules?: number
  /** The clock for slices and durations, in milliseconds; it must never go back. Made for tests. @default performance.now */
  readonly clock?: () => number
}

/** All options, with the defaults filled in. */
export interface PoolSettings extends Required<Omit<PoolOptions, 'keepResidentBytes' | 'memoryPressure'>> {
  readonly keepResidentBytes: number | undefined
  readonly memoryPressure: (() => boolean) | undefined
}

/** @throws InvalidOptionError where a value cannot work. */
export function settle(options: PoolOptions): PoolSettings {
  const slotBytes = integer('slotBytes', options.slotBytes, WASM_PAGE_BYTES, Number.MAX_SAFE_INTEGER)
  if (slotBytes % WASM_PAGE_BYTES !== 0) {
    throw new InvalidOptionError('slotBytes', `a multiple of ${WASM_PAGE_BYTES}`, slotBytes)
  }
  const { keepResidentBytes, purgeSliceMs = 0.5, idleTrimMs = 10_000 } = options
  if (keepResidentBytes !== undefined)
    integer('keepResidentBytes', keepResidentBytes, 0, Number.MAX_SAFE_INTEGER)
  if (!(purgeSliceMs >= 0.01 && purgeSliceMs <= 1_000)) {
    throw new InvalidOptionError('purgeSliceMs', 'a number of milliseconds from 0.01 to 1,000', purgeSliceMs)
  }
  if (!(idleTrimMs >= 1 && (idleTrimMs <= LONGEST_WAIT_MS || idleTrimMs === Infinity))) {
    const range = `a number of milliseconds from 1 to ${LONGEST_WAIT_MS}, or Infinity`
    throw new InvalidOptionError('idleTrimMs', range, idleTrimMs)
  }
  return {
    slots: integer('slots', options.slots, 1, MOST_SLOTS),
    slotBytes,
    strategy: options.strategy ?? reuseAffinity(),
    createReservation: options.createReservation ?? (() => new RawReservation(slotBytes)),
    reservationKinds: kinds(options.reservationKinds ?? ['default']),
    resetBatchSize: integer('resetBatchSize', options.resetBatchSize ?? 1, 1, 1_024),
    keepResidentBytes,
    idleTrimMs,
    memoryPressure: pressureSource(options.memoryPressure),
    purgeSliceMs,
    waitMs: waitMilliseconds(options.waitMs ?? 30_000),
    maxWaiting: integer('maxWaiting', options.maxWaiting ?? 1_024, 0, MOST_SLOTS),
    maxModules: integer('maxModules', options.maxModules ?? 10_000, 1, MOST_SLOTS),
    clock: options.clock ?? (() => performance.now()),
  }
}

/** The kernel's files are looked for when a pool first has pages to give back, not before. */
function pressureSource(source: PoolOptions['memoryPressure']): (() => boolean) | undefined {
  if (source === false) return undefined
  if (source === undefined) {
    let kernel: MemoryPressure | undefined
    return () => (kernel ??= new MemoryPressure()).isHigh()
  }
  if (typeof source === 'function') return source
  throw new InvalidOptionError('memoryPressure', 'a function, or false', source)
}

function kinds(names: readonly string[]): readonly string[] {
  const valid = Array.isArray(names) && names.every((name) => typeof name === 'string')
  if (!valid || names.length < 1 || names.length > MOST_KINDS || new Set(names).size < names.length) {
    throw new InvalidOptionError('reservationKinds', `1 to ${MOST_KINDS} different names`, names)
  }
  return [...names]
}

/** @throws InvalidOptionError where a timer cannot wait that long. */
export function waitMilliseconds(value: number): number {
  if (!(value >= 0 && value <= LONGEST_WAIT_MS)) {
    throw new InvalidOptionError('waitMs', `a number of milliseconds from 0 to ${LONGEST_WAIT_MS}`, value)
  }
  return value
}

/** @throws InvalidOptionError unless `value` is an integer from `least` to `most`. */
export function integer(option: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new InvalidOptionError(option, `an integer from ${least} to ${most}`, value)
  }
  return value
}
