/**
 * Where leases are handed out and taken back.
 *
 *     acquire ─► SlotBank.take ─► Lease ──release──► reset now, or later (ResetQueue) ─► free, affine
 *        │ not enough free                              └─ its module was dropped ─► the purge clears it
 *        └─► WaitingLine ◄── whenever slots came back
 *
 * Available are the free slots and the queued ones: whoever needs a queued slot resets it then and there. So waiting for a
 * reset makes nobody fail, and nobody wait.
 */

import { LimitExceededError } from './errors/limit-exceeded-error.ts'
import { PoolExhaustedError } from './errors/pool-exhausted-error.ts'
import { WaitTimeoutError } from './errors/wait-timeout-error.ts'
import { type Lease, type LeaseHome, makeLease } from './lease.ts'
import { type LeasedMemory, leaseSlot, revoke } from './leased-memory.ts'
import type { ModuleMemory, ModuleRecord, Slot } from './records.ts'
import { type PoolModule, recordOf } from './pool-module.ts'
import type { PoolSettings } from './pool-options.ts'
import type { ResetQueue } from './reset-queue.ts'
import type { SlotBank } from './slot-bank.ts'
import type { TimeSlicer } from './time-slicer.ts'
import { type Waiter, WaitingLine } from './waiting-line.ts'

export class LeaseDesk implements LeaseHome {
  readonly line: WaitingLine
  readonly #settings: PoolSettings
  readonly #bank: SlotBank
  readonly #queue: ResetQueue
  readonly #slicer: TimeSlicer
  #flushing = false

  constructor(settings: PoolSettings, bank: SlotBank, queue: ResetQueue, slicer: TimeSlicer) {
    this.#settings = settings
    this.#bank = bank
    this.#queue = queue
    this.#slicer = slicer
    this.line = new WaitingLine((waiter) => this.#serve(waiter), settings.slots)
  }

  acquire(module: PoolModule, record: ModuleRecord, wanted: readonly ModuleMemory[]): Lease {
    const lease = this.#mayTake(wanted) ? this.#take(module, record, wanted) : undefined
    if (lease !== undefined) return lease
    record.counters.exhausted += 1
    throw this.#exhausted(wanted)
  }

  acquireWhenFree(
    module: PoolModule,
    record: ModuleRecord,
    wanted: readonly ModuleMemory[],
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<Lease> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const lease = this.#mayTake(wanted) ? this.#take(module, record, wanted) : undefined
      if (lease !== undefined) return resolve(lease)
      this.#checkWait(record, wanted, waitMs)
      this.line.join({ module, record, wanted, resolve, reject }, waitMs, signal)
    })
  }

  takeBack(lease: Lease, memories: readonly LeasedMemory[], discardReservations: boolean): void {
    const record = recordOf(lease.module)
    record.leases -= 1
    this.#receiveAll(memories, record, discardReservations)
    if (record.leases === 0) record.collector?.leasesReturned()
    if (this.line.length > 0) this.line.advance()
  }

  takeBackSome(lease: Lease, memories: readonly LeasedMemory[]): void {
    this.#receiveAll(memories, recordOf(lease.module), false)
    if (this.line.length > 0) this.line.advance()
  }

  #receiveAll(memories: readonly LeasedMemory[], record: ModuleRecord, discardReservations: boolean): void {
    record.slotsInUse -= memories.length
    for (const leased of memories) this.#receive(revoke(leased), record, discardReservations)
  }

  /** Nobody overtakes those who wait; who wants no slot takes nothing from them. */
  #mayTake(wanted: readonly ModuleMemory[]): boolean {
    return this.line.length === 0 || wanted.length === 0
  }

  #serve({ module, record, wanted }: Waiter): Lease | undefined {
    const lease = this.#take(module, record, wanted)
    // Asked afterwards: the kernel's refusals while taking may have cost the very slots that this wait needs.
    if (lease === undefined && !this.#canEverTake(wanted)) throw this.#exhausted(wanted)
    return lease
  }

  /** All that are wanted, or none: undefined where there are not enough slots. */
  #take(module: PoolModule, record: ModuleRecord, wanted: readonly ModuleMemory[]): Lease | undefined {
    if (this.#available < wanted.length) return undefined
    const leased: LeasedMemory[] = []
    let complete = false
    let kind: 'cold' | 'affine' = 'affine'
    try {
      for (const memory of wanted) {
        const slot = this.#takeOne(memory)
        if (slot === undefined) return undefined
        if (!slot.reused) kind = 'cold'
        leased.push(leaseSlot(slot, memory))
      }
      complete = true
    } finally {
      if (!complete) for (const one of leased) this.#bank.giveBack(revoke(one))
    }
    record.leases += 1
    record.slotsInUse += leased.length
    record.counters.acquires += 1
    return makeLease(this, module, kind, leased)
  }

  #takeOne(memory: ModuleMemory): Slot | undefined {
    if (this.#queue.length > 0) this.#unqueueFor(memory)
    return this.#bank.take(memory)
  }

  /** A queued slot with the right image is better than a free one without; any is better than none. */
  #unqueueFor(memory: ModuleMemory): void {
    const { allocator } = this.#bank
    if (memory.queued > 0 && allocator.affineCount(memory.key) === 0)
      this.#unqueue(this.#queue.takeOfMemory(memory))
    while (allocator.available === 0 && this.#queue.length > 0) this.#unqueue(this.#queue.takeOldest())
  }

  #receive(slot: Slot, record: ModuleRecord, discardReservation: boolean): void {
    if (record.collector !== undefined) record.collector.takeFromInstance(slot, discardReservation)
    else if (discardReservation) this.#bank.clear(slot, true)
    else if (this.#settings.resetBatchSize === 1) this.#bank.restore(slot)
    else this.#enqueue(slot)
  }

  #enqueue(slot: Slot): void {
    this.#queue.add(slot)
    if (this.#queue.length > this.#settings.resetBatchSize) this.#unqueue(this.#queue.takeOldest())
    if (this.#flushing) return
    this.#flushing = true
    void this.#slicer.run(() => this.#flushOne())
  }

  #flushOne(): boolean {
    this.#unqueue(this.#queue.takeOldest())
    if (this.#queue.length > 0) return true
    this.#flushing = false
    this.line.advance()
    return false
  }

  #unqueue(slot: Slot | undefined): void {
    const collector = slot?.owner?.record.collector
    if (slot === undefined) return
    if (collector === undefined) this.#bank.restore(slot)
    else collector.takeFromQueue(slot)
  }

  #checkWait(record: ModuleRecord, wanted: readonly ModuleMemory[], waitMs: number): void {
    if (!this.#canEverTake(wanted)) throw this.#exhausted(wanted)
    if (waitMs === 0) {
      record.counters.timeouts += 1
      throw new WaitTimeoutError(waitMs, this.line.length, this.#settings.slots)
    }
    const limit = this.#settings.maxWaiting
    if (this.line.length < limit) return
    const message = `${limit} callers wait for slots already (option "maxWaiting"). Raise it, raise "slots", or turn callers away.`
    throw new LimitExceededError({ option: 'maxWaiting', limit, requested: limit + 1, message })
  }

  /** Enough slots are not retired. */
  #canEverTake(wanted: readonly ModuleMemory[]): boolean {
    return this.#settings.slots - this.#bank.care.retired >= wanted.length
  }

  get #available(): number {
    return this.#bank.allocator.available + this.#queue.length
  }

  #exhausted(wanted: readonly ModuleMemory[]): PoolExhaustedError {
    return new PoolExhaustedError({
      slots: this.#settings.slots,
      needed: wanted.length,
      available: this.#available,
      retired: this.#bank.care.retired,
      waiting: this.line.length,
    })
  }
}
