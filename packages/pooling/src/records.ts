/**
 * What the pool remembers of its slots and modules. They refer to each other: a slot to the memory whose image it maps, a
 * module to the slots that may still hold something of it. `PoolModule` is a module's public face.
 *
 *     live ──purge()──► purging ──last slot cleared, kernel asked──► purged
 *
 * Invariant: from `purging` on no slot is handed out for it, and each of its slots that turns up is cleared, not reset.
 */

import type { SlotIndex } from '@warmslot/index-allocator'
import type { MemoryImage, SlotMemory } from '@warmslot/memory-image'
import { Counters } from './counters.ts'
import type { SlotReservation } from './pool-options.ts'
import type { PurgeReceipt } from './purge-receipt.ts'

/** State of a module in its pool. */
export type ModuleState = 'live' | 'purging' | 'purged'

/** What a purge wants to know of slots that come back while it runs. */
export interface SlotCollector {
  /** A slot of the module came out of the reset queue. It is cleared and freed. */
  takeFromQueue(slot: Slot): void
  /** A slot came back from its instance. It is cleared and freed. */
  takeFromInstance(slot: Slot, discardReservation: boolean): void
  /** The last lease came back. */
  leasesReturned(): void
}

/** One memory of a module. Affinity is remembered for each memory by itself, as each has its own image. */
export class ModuleMemory {
  readonly key: number
  readonly record: ModuleRecord
  readonly image: MemoryImage
  readonly initialBytes: number
  /** The smaller one of the memory's own maximum and the slot's capacity. */
  readonly mostBytes: number
  /** The kind of address space that it needs. */
  readonly kind: string
  /** Slots of this memory that wait for a batched reset. */
  queued = 0

  constructor(
    key: number,
    record: ModuleRecord,
    image: MemoryImage,
    initialBytes: number,
    mostBytes: number,
    kind: string,
  ) {
    this.key = key
    this.record = record
    this.image = image
    this.initialBytes = initialBytes
    this.mostBytes = mostBytes
    this.kind = kind
  }
}

export class ModuleRecord {
  readonly id: number
  readonly label: string
  readonly pool: object
  readonly counters: Counters = new Counters()
  /** Retired slots that may still hold something of this module: a purge tries them again. */
  readonly leftovers: Set<Slot> = new Set()
  memories: readonly ModuleMemory[] = []
  /** The pool holds a reference to each image of `memories`. */
  holdsImages = false
  state: ModuleState = 'live'
  /** Leases that are out. */
  leases = 0
  /** Slots that are out with them. */
  slotsInUse = 0
  /** Invariant: defined from the state `purging` on. */
  collector: SlotCollector | undefined = undefined
  /** The receipt to come. Undefined again where a purge ended incomplete. */
  purge: Promise<PurgeReceipt> | undefined = undefined

  constructor(id: number, label: string, pool: object) {
    this.id = id
    this.label = label
    this.pool = pool
  }
}

/** Address space of one kind, with the memory over it. */
export interface House {
  readonly reservation: SlotReservation
  readonly memory: SlotMemory
}

/** One slot as the pool sees it. Which slots are free is the index allocator's truth, the bytes are SlotMemory's. */
export class Slot {
  readonly index: SlotIndex
  /** Both are made at the first use, and again after the reservation was disposed. */
  reservation: SlotReservation | undefined = undefined
  memory: SlotMemory | undefined = undefined
  /** Of `reservation`, also of the one that is to be made. Undefined: the slot was never used. */
  kind: string | undefined = undefined
  /** Address space of other kinds that the slot had before: see `reservation-kinds.ts`. */
  parked: Map<string, House> | undefined = undefined
  /** Whose image is mapped here. Invariant: undefined exactly where the allocator remembers no affinity. */
  owner: ModuleMemory | undefined = undefined
  /** The engine's live instance. Invariant: undefined wherever `owner` is. */
  attachment: unknown = undefined
  /** How often it was handed out with the owner's image found mapped, since that is the owner. */
  hits = 0
  /** The tick of `IdleTrim` at which it was released last. */
  idleSince = 0
  /** The last hand-out found the owner's image mapped. */
  reused = false
  /** Given up: clearing failed, and so did replacing the address space. Never free again, unless a purge's retry helps. */
  retired = false
  /** Of a retired slot: size of the image that may still be mapped here, in bytes. */
  lostImageBytes = 0
  /** Of a retired slot: the modules that it may hold something of. Invariant: it is among the `leftovers` of just these. */
  readonly suspects: Set<ModuleRecord> = new Set()

  constructor(index: SlotIndex) {
    this.index = index
  }
}
