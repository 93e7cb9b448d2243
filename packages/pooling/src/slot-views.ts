/**
 * How every single slot stands, for whoever draws or lists them. `metrics.ts` counts the same slots: its numbers are how many
 * views there are of each state.
 *
 * One small object for each slot, put together when somebody asks: nothing is kept for it but the hits, which a hand-out
 * counts anyway.
 */

import type { IndexAllocator, SlotIndex } from '@warmslot/index-allocator'
import type { SlotMemory } from '@warmslot/memory-image'
import type { ModuleRecord, Slot } from './records.ts'
import type { ResetQueue } from './reset-queue.ts'
import type { SlotCare } from './slot-care.ts'

export interface SlotViewOptions {
  /** Ask the kernel how much memory each slot holds: system calls for each that may hold some. @default false */
  readonly residentBytes?: boolean
}

/**
 * - `untouched`: free, never used
 * - `empty`: free, was used, maps no image
 * - `affine`: free, still maps the image of the module that used it last
 * - `in-use`: out with a lease
 * - `queued`: waits for a batched reset; available to whoever needs it
 * - `retired`: given up, because the kernel refused to clear it
 */
export type SlotViewState = 'untouched' | 'empty' | 'affine' | 'in-use' | 'queued' | 'retired'

/** A part of the process's address space. */
export interface AddressRange {
  /** The first address. */
  readonly base: number
  /** In bytes. */
  readonly byteLength: number
}

/** One slot at the time of the question. */
export interface SlotView {
  /** Its number, as `LeasedMemory.slot` and receipts have it: 0 to `slots` - 1. */
  readonly slot: SlotIndex
  readonly state: SlotViewState
  /**
   * Whose image is mapped here; of a retired slot, whose may be (one of them, where there are several). The same number as
   * `id` in `metrics().modules` and `moduleId` in receipts. Undefined for a slot that maps none.
   */
  readonly moduleId: number | undefined
  readonly moduleLabel: string | undefined
  /** The user of the slot has left something for the next use of the same module (`attachment`): an engine's live instance. */
  readonly warm: boolean
  /** How often it was handed out with the image found mapped, since that is here. From 0. */
  readonly hits: number
  /** Private memory that it holds, in bytes; undefined unless asked for. */
  readonly residentBytes: number | undefined
  /** First address of its address space; undefined where it has none: not yet, or not any more. */
  readonly base: number | undefined
  /** Length of that in bytes, `slotBytes` or more. Undefined where `base` is. */
  readonly byteLength: number | undefined
  /** Address space of other kinds (`reservationKinds`) that it keeps, wiped, for later. */
  readonly parked: readonly AddressRange[]
}

/** Where the slots are. */
export interface SlotViewSources {
  readonly allocator: IndexAllocator
  readonly care: SlotCare
  readonly queue: ResetQueue
}

const none: readonly AddressRange[] = Object.freeze([])

/** All slots in the order of their numbers. */
export function takeSlotViews(sources: SlotViewSources, options: SlotViewOptions): SlotView[] {
  const queued = new Set(sources.queue)
  const asked = options.residentBytes === true
  const views: SlotView[] = []
  for (const [index, slot] of sources.care.allSlots()) {
    if (slot === undefined) views.push(untouched(index, asked))
    else views.push(viewOf(slot, stateOf(slot, sources.allocator, queued), asked))
  }
  return views
}

function stateOf(slot: Slot, allocator: IndexAllocator, queued: ReadonlySet<Slot>): SlotViewState {
  // A retired slot stays taken for the allocator, and so does a queued one.
  if (slot.retired) return 'retired'
  if (queued.has(slot)) return 'queued'
  if (allocator.isTaken(slot.index)) return 'in-use'
  return slot.owner === undefined ? 'empty' : 'affine'
}

function viewOf(slot: Slot, state: SlotViewState, asked: boolean): SlotView {
  const { memory, parked } = slot
  const record = slot.owner?.record ?? firstOf(slot.suspects)
  return {
    slot: slot.index,
    state,
    moduleId: record?.id,
    moduleLabel: record?.label,
    warm: slot.attachment !== undefined,
    hits: slot.hits,
    residentBytes: asked ? residentBytes(memory) : undefined,
    base: memory?.base,
    byteLength: memory?.capacity,
    parked: parked === undefined ? none : Array.from(parked.values(), (house) => rangeOf(house.memory)),
  }
}

function untouched(slot: SlotIndex, asked: boolean): SlotView {
  return {
    slot,
    state: 'untouched',
    moduleId: undefined,
    moduleLabel: undefined,
    warm: false,
    hits: 0,
    residentBytes: asked ? 0 : undefined,
    base: undefined,
    byteLength: undefined,
    parked: none,
  }
}

/** A wiped memory holds no page: the kernel need not be asked. */
function residentBytes(memory: SlotMemory | undefined): number {
  return memory === undefined || memory.state === 'untouched' ? 0 : memory.residentBytes()
}

function rangeOf({ base, capacity }: SlotMemory): AddressRange {
  return { base, byteLength: capacity }
}

function firstOf(records: ReadonlySet<ModuleRecord>): ModuleRecord | undefined {
  for (const record of records) return record
  return undefined
}
