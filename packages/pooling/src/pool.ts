/**
 * Slots times images: the pool itself. It knows the modules and puts the rooms together; the mechanics are theirs:
 *
 *     LeaseDesk (acquire, release) ──► SlotBank (which slot) ──► SlotCare (its bytes)
 *        │   └► WaitingLine, ResetQueue      ▲
 *     ModulePurge ──(TimeSlicer)─────────────┤ ──► KernelQuestions ──► PurgeReceipt
 *     IdleTrim ─────(TimeSlicer)─────────────┘
 *
 * Each step runs synchronously on the event loop, and between any two steps the counts add up:
 * free + in use + queued + retired = slots.
 */

import { IndexAllocator, InvalidOptionError } from '@warmslot/index-allocator'
import { closeSlots } from './close-slots.ts'
import { Counters } from './counters.ts'
import { ForeignModuleError } from './errors/foreign-module-error.ts'
import { LimitExceededError } from './errors/limit-exceeded-error.ts'
import { ModuleDroppedError } from './errors/module-dropped-error.ts'
import { PoolClosedError } from './errors/pool-closed-error.ts'
import { KernelQuestions } from './kernel-questions.ts'
import type { Lease } from './lease.ts'
import { IdleTrim } from './idle-trim.ts'
import { LeaseDesk } from './lease-desk.ts'
import { type MetricsOptions, type PoolMetrics, takeMetrics } from './metrics.ts'
import { ModulePurge, type PurgeRoom } from './module-purge.ts'
import type { ModuleMemory, ModuleRecord } from './records.ts'
import { faceOf, type PoolModule, recordOf, type RegisterOptions } from './pool-module.ts'
import { type PoolOptions, type PoolSettings, settle, waitMilliseconds } from './pool-options.ts'
import type { PurgeReceipt } from './purge-receipt.ts'
import { type Numbers, recordModule } from './record-module.ts'
import { ResetQueue } from './reset-queue.ts'
import { SlotBank } from './slot-bank.ts'
import { SlotCare } from './slot-care.ts'
import { type SlotView, type SlotViewOptions, takeSlotViews } from './slot-views.ts'
import { TimeSlicer } from './time-slicer.ts'

/** What to acquire. */
export interface AcquireOptions {
  /** Which of the module's memories get a slot, by index: the others are provided otherwise. @default all of them */
  readonly memories?: readonly number[] | undefined
}

/** How to wait for a slot. */
export interface WaitOptions extends AcquireOptions {
  /** Longest wait in milliseconds, 0 to 2,147,483,647; 0 does not wait. @default the pool's option `waitMs` */
  readonly waitMs?: number | undefined
  /** Ends the wait early: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export class Pool implements AsyncDisposable {
  readonly #settings: PoolSettings
  readonly #room: PurgeRoom
  readonly #desk: LeaseDesk
  readonly #idle: IdleTrim
  readonly #records = new Set<ModuleRecord>()
  readonly #past = new Counters()
  readonly #numbers: Numbers = { nextModule: 1, nextKey: 0 }
  #purges = 0
  #closed = false
  #closing: Promise<void> | undefined = undefined

  /**
   * Makes a pool. No memory, no address space is taken until slots are used.
   * @throws InvalidOptionError
   */
  constructor(options: PoolOptions) {
    const settings = settle(options)
    const { slots, strategy, purgeSliceMs, clock } = settings
    const bank = new SlotBank(new IndexAllocator({ capacity: slots, strategy }), new SlotCare(settings))
    const slicer = new TimeSlicer(purgeSliceMs, clock)
    this.#idle = new IdleTrim(settings, bank, slicer)
    bank.idle = this.#idle
    const queue = new ResetQueue()
    this.#settings = settings
    const desk = new LeaseDesk(settings, bank, queue, slicer)
    this.#desk = desk
    this.#room = {
      bank,
      queue,
      slicer,
      kernel: new KernelQuestions(),
      clock,
      retirementsChanged: () => desk.line.advance(),
    }
  }

  /**
   * Makes a module known. The pool holds a reference to each of its images until it is purged; the caller may release
   * its own.
   * @throws InvalidOptionError for sizes that cannot be
   * @throws LimitExceededError beyond `maxModules`, `slotBytes`, or more memories than `slots`
   * @throws PoolClosedError
   */
  register(options: RegisterOptions): PoolModule {
    if (this.#closed) throw new PoolClosedError()
    const limit = this.#settings.maxModules
    if (this.#records.size >= limit) {
      const message = `${limit} modules are registered already (option "maxModules"). Raise it, or purge some.`
      throw new LimitExceededError({ option: 'maxModules', limit, requested: limit + 1, message })
    }
    const record = recordModule(this, options, this.#settings, this.#numbers)
    this.#records.add(record)
    return faceOf(record, (module) => this.purge(module))
  }

  /**
   * A slot for each of the module's memories (or those named), its image in place: all of them, or none.
   * @throws PoolExhaustedError where not enough are available, or others wait for one
   * @throws ModuleDroppedError after `purge` of the module
   * @throws SystemCallError (`@warmslot/memory-image`), or what `createReservation` threw, where the slot could not be
   * made ready; other free slots have been tried, and nothing is lost
   * @throws PoolClosedError, ForeignModuleError, InvalidOptionError
   */
  acquire(module: PoolModule, options?: AcquireOptions): Lease {
    const record = this.#live(module)
    return this.#desk.acquire(module, record, wantedOf(record, options?.memories))
  }

  /**
   * The same, waiting for slots where there are not enough: strictly first come, first served.
   * Rejects as `acquire` throws, except that `PoolExhaustedError` comes only where so many slots are retired that no wait
   * can help.
   * @throws WaitTimeoutError when the time is up
   * @throws LimitExceededError beyond `maxWaiting`
   */
  async acquireWhenFree(module: PoolModule, options: WaitOptions = {}): Promise<Lease> {
    const waitMs = options.waitMs === undefined ? this.#settings.waitMs : waitMilliseconds(options.waitMs)
    const record = this.#live(module)
    const wanted = wantedOf(record, options.memories)
    return this.#desk.acquireWhenFree(module, record, wanted, waitMs, options.signal)
  }

  /**
   * Drops a module: from this call on nobody gets a slot for it, and those who wait for one get `ModuleDroppedError`.
   * Resolves when its last trace is gone, so after the last lease was released. The same promise for every call, unless
   * a purge ended incomplete: then the next call tries what is left.
   * @throws ForeignModuleError
   */
  purge(module: PoolModule): Promise<PurgeReceipt> {
    const record = recordOf(module)
    if (record.pool !== this) throw new ForeignModuleError(module.label)
    return (record.purge ??= this.#purge(record))
  }

  /**
   * Gives the pages that resets left resident in free slots back to the kernel, in time slices: what happens by itself to
   * slots that were not used for `idleTrimMs`, and under memory pressure. Images stay mapped.
   * @returns how many slots held something
   */
  trim(): Promise<number> {
    return this.#idle.trim()
  }

  /** What the pool did, and how it stands. O(modules); with `residentBytes` a question to the kernel for each used slot. */
  metrics(options: MetricsOptions = {}): PoolMetrics {
    const { bank, queue } = this.#room
    return takeMetrics(
      {
        allocator: bank.allocator,
        care: bank.care,
        slotBytes: this.#settings.slotBytes,
        queued: queue.length,
        waiting: this.#desk.line.length,
        purges: this.#purges,
        past: this.#past,
        records: this.#records,
      },
      options,
    )
  }

  /**
   * How every slot stands, untouched ones too: as many as option `slots`, in the order of their numbers. O(slots); with
   * `residentBytes` a question to the kernel for each slot that may hold memory. It may be called at any time, after `close` too.
   * @throws SystemCallError (`@warmslot/memory-image`), or the file system's error, where the kernel does not answer that
   */
  slots(options: SlotViewOptions = {}): readonly SlotView[] {
    const { bank, queue } = this.#room
    return takeSlotViews({ allocator: bank.allocator, care: bank.care, queue }, options)
  }

  /**
   * Ends the pool: refuses new acquires, turns away those who wait, purges every module (so it waits for leases), and
   * gives all address space back. The same promise for every call, unless one failed.
   * @throws IncompleteCloseError where the kernel kept some of it
   */
  close(): Promise<void> {
    this.#closed = true
    this.#idle.close()
    this.#desk.line.dismiss(() => new PoolClosedError())
    return (this.#closing ??= this.#close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #live(module: PoolModule): ModuleRecord {
    const record = recordOf(module)
    if (record.pool !== this) throw new ForeignModuleError(module.label)
    if (this.#closed) throw new PoolClosedError()
    if (record.state !== 'live') throw new ModuleDroppedError(module.label)
    return record
  }

  async #purge(record: ModuleRecord): Promise<PurgeReceipt> {
    const purge = new ModulePurge(this.#room, record)
    record.state = 'purging'
    record.collector = purge
    this.#desk.line.dismiss(() => new ModuleDroppedError(record.label), record)
    this.#desk.line.advance()
    let receipt: PurgeReceipt | undefined
    try {
      receipt = await purge.run()
    } finally {
      record.state = 'purged'
      if (receipt?.complete === true) this.#forget(record)
      else record.purge = undefined
      this.#desk.line.advance()
    }
    return receipt
  }

  #forget(record: ModuleRecord): void {
    this.#purges += 1
    this.#records.delete(record)
    this.#past.add(record.counters)
  }

  async #close(): Promise<void> {
    try {
      const purges = Array.from(this.#records, (record) => (record.purge ??= this.#purge(record)))
      const results = await Promise.allSettled(purges)
      await closeSlots(this.#room.bank.care, this.#room.slicer)
      for (const result of results) if (result.status === 'rejected') throw result.reason
    } catch (error) {
      this.#closing = undefined
      throw error
    }
  }
}

function wantedOf(
  { memories }: ModuleRecord,
  indices: readonly number[] | undefined,
): readonly ModuleMemory[] {
  if (indices === undefined) return memories
  if (new Set(indices).size === indices.length && indices.every((index) => memories[index] !== undefined))
    return indices.map((index) => memories[index]!)
  throw new InvalidOptionError('memories', `different indices below ${memories.length}`, indices)
}
