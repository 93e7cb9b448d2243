/**
 * One use of a module: from the lease of its slots to their return.
 *
 *   lease -> imports -> instance (warm or fresh) -> late segments -> start -> live -> released
 *
 * Whatever fails on the way kills the handles, returns the slots and passes the error on. A memory that another pooled
 * instance exports takes no slot here; the slots of instances that share something go back when the last of them is
 * released (`links.ts`). The core is what the public {@link PooledInstance} hides: raw exports never leave it.
 */
import type { Lease, LeasedMemory } from '@warmslot/pooling'

import { pageBytes } from '../binary/sort-segments.ts'
import { InstanceBusyError } from '../errors/instance-busy-error.ts'
import { checkDeadline } from '../options/check-deadline.ts'
import type { UseTime } from '../deadlines/use-time.ts'
import type { Callable } from '../handles/callable.ts'
import { Gate, live, preparing, released } from '../handles/gate.ts'
import type { Links, Shared, Use } from '../handles/links.ts'
import { PooledMemory } from '../handles/memory-handle.ts'
import { makePromisingHandle } from '../handles/promising-handle.ts'
import { References } from '../handles/references.ts'
import { timed } from '../handles/timed-function.ts'
import type { CompiledModule } from './compiled-module.ts'
import type { ImportValues } from './import-values.ts'
import { handlesOf } from './instance-handles.ts'
import { applyLateSegments, segmentsFor } from './late-segments.ts'
import { LeasedSlot } from './leased-slot.ts'
import type { MemoryImportMistake } from './linked-memories.ts'
import { linkMemories } from './linked-memories.ts'
import type { PreparedImports } from './prepare-imports.ts'
import { prepareImports } from './prepare-imports.ts'
import { RawInstance } from './raw-instance.ts'
import { assertStackRoom } from './stack-room.ts'
import type { V8Reservation } from './v8-reservation.ts'

export class InstanceCore implements Use {
  readonly gate: Gate
  readonly exchange: References
  readonly module: CompiledModule
  links: Links | undefined = undefined
  joined: Set<Shared> | undefined = undefined
  wasLinked = false
  /** Whether raw functions may have reached a table or global of the caller's own. */
  escapes = false
  /** Whether a live instance of an earlier use was taken. */
  warm = false
  /** By index: a slot of this use, or another instance's; undefined until the imports are known. */
  readonly #memories: (PooledMemory | undefined)[]
  readonly #lease: Lease
  #raw: RawInstance | undefined
  #shared: PreparedImports['shared']
  #exports: WebAssembly.Exports | undefined

  /** `leasedMemories`: which memories the lease is for, by index, or all. `time`: where the engine has deadlines. */
  constructor(
    module: CompiledModule,
    lease: Lease,
    leasedMemories: readonly number[] | undefined,
    time: UseTime | undefined,
  ) {
    this.module = module
    this.gate = new Gate(time)
    this.#lease = lease
    this.exchange = new References(this, module.analysis.functionShapes)
    const plans = module.analysis.memories
    const capacityPages = module.maxMemoryBytes / pageBytes
    const make = (leased: LeasedMemory, index: number): PooledMemory => {
      const reservation = leased.reservation as V8Reservation
      const { maximumPages, is64 } = plans[index]!
      const memory = new PooledMemory(this, new LeasedSlot(leased, reservation), {
        declaredPages: maximumPages,
        capacityPages,
        is64,
      })
      reservation.tenant = memory
      return memory
    }
    if (leasedMemories === undefined) this.#memories = lease.memories.map(make)
    else {
      this.#memories = plans.map(() => undefined)
      for (const [place, index] of leasedMemories.entries())
        this.#memories[index] = make(lease.memories[place]!, index)
    }
  }

  /** What the caller sees; a memory of another instance is not there before the imports are known. */
  get memories(): readonly PooledMemory[] {
    return this.#memories as PooledMemory[]
  }

  /**
   * Instantiates on the leased slots, or takes the live instance that an earlier use left there. After an error the
   * caller calls {@link abandon}.
   */
  start(values: ImportValues): void {
    const { analysis } = this.module
    const mistake = analysis.importsMemory
      ? linkMemories(this, values, this.#memories, this.#lease)
      : undefined
    this.exchange.imports = values
    const raw = this.#takeInstance(values, mistake)
    this.#raw = raw
    if (analysis.functionTags.length > 0) {
      this.exchange.functionTags = analysis.functionTags.map(
        (place) => (typeof place === 'number' ? values[place] : raw.exports[place]) as object,
      )
    }
    for (const [index, sizeGlobal] of raw.sizeGlobals.entries()) {
      if (sizeGlobal === undefined) continue
      PooledMemory.connect(this.memories[index]!, sizeGlobal, this)
      // The host may have grown the memory before instantiation, through `instance.memory`; so may another instance.
      const pages = slotOf(this.memories[index]!).logicalBytes / pageBytes
      const { initialPages, is64 } = analysis.memories[index]!
      if (pages !== initialPages) sizeGlobal.value = is64 ? BigInt(pages) : pages
    }
    const segments = analysis.importsMemory
      ? segmentsFor(analysis, (memory) => PooledMemory.useOf(this.memories[memory]!) !== this)
      : analysis.lateSegments
    if (segments.length > 0) {
      this.gate.dirty = true
      applyLateSegments(analysis, segments, this.memories.map(slotOf), raw.exports)
    }
    if (raw.start !== undefined) this.#run(raw.start)
    this.gate.state = live
  }

  #takeInstance(values: ImportValues, mistake: MemoryImportMistake | undefined): RawInstance {
    const current = { use: this }
    // An instance that was made without links would not reach what these imports link.
    const left = this.links === undefined ? this.#leftInstance() : undefined
    if (left !== undefined && mistake === undefined && left.serves(values, this.memories)) {
      left.serve(current)
      this.warm = true
      return left
    }
    const { analysis } = this.module
    const slots = this.memories.map(slotOf)
    const memories = slots.map((slot, index) => (index === mistake?.memory ? null : slot.reservation.memory))
    const prepared = prepareImports(analysis, values, memories, current, this.gate.time?.clock.memory)
    // Noted before V8 instantiates: element segments reach the caller's table even if a later step fails.
    this.escapes = prepared.escapes
    this.#shared = prepared.shared
    try {
      const growFunctions = slots.map((slot) => slot.reservation.growFunction)
      const raw = new RawInstance(this.module, prepared, values, growFunctions, current)
      // An instance that reaches into others is of no use without them.
      if (this.links !== undefined) raw.spoil()
      return raw
    } catch (error) {
      throw mistake === undefined ? error : mistake.explain(error)
    }
  }

  /** An instance lives on all of its memories' slots at once. */
  #leftInstance(): RawInstance | undefined {
    const { memories } = this.#lease
    const left = memories[0]?.attachment as RawInstance | undefined
    return left !== undefined && memories.every(({ attachment }) => attachment === left) ? left : undefined
  }

  /** Something was shared that no reset undoes. */
  spoil(): void {
    this.#raw?.spoil()
  }

  #run(start: Callable): void {
    const { time } = this.gate
    const call = time === undefined ? start : timed(time, start, 0)
    this.gate.dirty = true
    this.gate.running++
    try {
      call()
    } catch (error) {
      throw this.exchange.errorToHost(error)
    } finally {
      this.gate.running--
    }
  }

  /** The exports as the caller sees them; made when they are first asked for. */
  get exports(): WebAssembly.Exports {
    this.gate.pass('instance')
    if (this.gate.state === preparing) {
      throw new TypeError(
        'The exports are not there yet: the imports function runs before the module is instantiated.',
      )
    }
    return (this.#exports ??= handlesOf(this.module, this.#raw!, this.exchange, this.memories, this.#shared))
  }

  /** @throws InstanceBusyError while a call is running that may be in this instance. */
  release(): void {
    if (this.gate.state === released) return
    const { running, suspended, state } = this.gate
    if (running > 0 || suspended > 0 || state === preparing)
      throw new InstanceBusyError(running === 0 && suspended > 0)
    const busy = this.links?.busy
    if (busy !== undefined) throw new InstanceBusyError(busy === 'suspended')
    assertStackRoom()
    this.abandon()
  }

  /**
   * Kills the handles and returns the slots, these only when nobody needs them any more. While something holds them,
   * views stay as they are: a stream of Node's may still have one in its queue, and would find nothing in it.
   */
  abandon(): void {
    if (this.gate.state !== live) this.#raw?.spoil()
    this.gate.state = released
    if (this.gate.holds === 0) this.#over()
  }

  #over(): void {
    for (const memory of this.#memories) if (memory !== undefined) PooledMemory.leave(memory, this)
    // What lives longer forgets this use.
    if (this.joined !== undefined) for (const shared of this.joined) shared.forget(this)
    this.joined = undefined
    if (this.links === undefined) this.end()
    else this.links.ended()
  }

  /** Called once, when nobody can reach the instance any more. */
  end(): void {
    const { memories } = this.#lease
    // Exceptions may have passed through linked instances that do not know their tags.
    if (this.wasLinked && this.module.analysis.functionTags.length > 0) this.escapes = true
    for (const memory of this.#memories) {
      if (memory !== undefined && PooledMemory.useOf(memory) === this && PooledMemory.escaped(memory))
        this.escapes = true
    }
    for (const leased of memories) {
      const reservation = leased.reservation as V8Reservation
      reservation.tenant = undefined
      const writers = reservation.takeWriters()
      if (this.gate.dirty) leased.memory.markDirty(writers)
    }
    const raw = this.#raw
    const stays = raw !== undefined && !this.escapes && rests(raw)
    for (const leased of memories) leased.attachment = stays ? raw : undefined
    this.#raw = undefined
    this.#lease.release(this.escapes ? { discardReservations: true } : undefined)
  }

  /** The slots stay with this use until `work` has settled, whatever is released meanwhile. */
  hold(work: PromiseLike<unknown>): void {
    const { gate } = this
    gate.pass('instance')
    gate.dirty = true
    gate.holds++
    const settled = (): void => {
      gate.holds--
      if (!gate.inUse) this.#over()
    }
    work.then(settled, settled)
  }

  /** The export `name` as a function that returns a promise, and may be suspended in its imports. */
  promising(name: string): Callable {
    this.gate.pass('instance')
    const entry = this.module.exportNames.byName.get(name)
    if (entry?.kind !== 'function')
      throw new TypeError(`This module exports no function ${JSON.stringify(name)}.`)
    const shape = this.module.analysis.functionShapes.of(entry.index)
    return makePromisingHandle(this.gate, this.#raw!.exports[name] as Callable, shape, this.exchange)
  }

  /** @throws InvalidOptionError, UnsupportedRuntimeError */
  extendDeadline(deadlineMs: number): void {
    this.gate.pass('instance')
    const { time } = this.gate
    checkDeadline(deadlineMs, time !== undefined)
    time?.extend(deadlineMs)
  }

  /** A hidden export as V8 gives it. Never for the caller. */
  rawExport(name: string): unknown {
    return this.#raw!.exports[name]
  }

  /** Copies of all memories, whole. */
  memoryContents(): Uint8Array[] {
    return this.memories.map(slotOf).map((slot) => slot.read(0, slot.logicalBytes))
  }

  read(address: number, length: number, memory: number): Uint8Array {
    return this.#slot(memory).read(address, length)
  }

  write(address: number, bytes: Uint8Array, memory: number): void {
    const slot = this.#slot(memory)
    this.gate.dirty = true
    slot.write(address, bytes)
  }

  #slot(index: number): LeasedSlot {
    this.gate.pass('memory')
    const memory = this.#memories[index]
    if (!memory) throw new RangeError(`This module has no memory ${index}; it has ${this.#memories.length}.`)
    return slotOf(memory)
  }
}

function slotOf(memory: PooledMemory): LeasedSlot {
  return PooledMemory.slotOf(memory) as LeasedSlot
}

/** Released at the very end of the stack there is no room even for the reset function; the slots go back all the same. */
function rests(raw: RawInstance): boolean {
  try {
    return raw.rest()
  } catch {
    return false
  }
}
