/**
 * One use of a module: from the lease of its slots to their return.
 *
 *   lease -> imports -> instance (warm or fresh) -> late segments -> start -> live -> released
 *
 * Whatever fails on the way kills the handles, returns the slots and passes the error on. The core is what the public
 * {@link PooledInstance} hides: raw exports never leave it.
 */
import type { Lease } from '@warmslot/pooling'

import { pageBytes } from '../binary/sort-segments.ts'
import { InstanceBusyError } from '../errors/instance-busy-error.ts'
import type { Callable } from '../handles/function-handle.ts'
import { Gate, live, preparing, released } from '../handles/gate.ts'
import { PooledMemory } from '../handles/memory-handle.ts'
import { makePromisingHandle } from '../handles/promising-handle.ts'
import { References } from '../handles/references.ts'
import type { CompiledModule } from './compiled-module.ts'
import { handlesOf } from './instance-handles.ts'
import { applyLateSegments } from './late-segments.ts'
import { LeasedSlot } from './leased-slot.ts'
import { importsObject, prepareImports } from './prepare-imports.ts'
import { RawInstance } from './raw-instance.ts'
import type { V8Reservation } from './v8-reservation.ts'

export class InstanceCore {
  readonly gate: Gate = new Gate()
  readonly memories: readonly PooledMemory[]
  readonly module: CompiledModule
  readonly #lease: Lease
  readonly #references: References
  /** Whether a live instance of an earlier use was taken. */
  warm = false
  #raw: RawInstance | undefined
  /** Whether raw functions may have reached a table or global of the caller's own. */
  #escapes = false
  #exports: WebAssembly.Exports | undefined
  /** How many promises still need the slots. */
  #holds = 0

  constructor(module: CompiledModule, lease: Lease, capacityPages: number) {
    this.module = module
    this.#lease = lease
    this.#references = new References(this.gate)
    this.memories = module.analysis.memories.map((plan, index) => {
      const leased = lease.memories[index]!
      const reservation = leased.reservation as V8Reservation
      const limits = { declaredPages: plan.maximumPages, capacityPages }
      const memory = new PooledMemory(this.gate, new LeasedSlot(leased, reservation), limits)
      reservation.tenant = memory
      return memory
    })
  }

  /**
   * Instantiates on the leased slots, or takes the live instance that an earlier use left there. After an error the
   * caller calls {@link abandon}.
   */
  start(imports: unknown): void {
    const { analysis, compiled } = this.module
    const given = importsObject(imports, analysis, compiled)
    const { memories } = this.#lease
    const raw = this.#takeInstance(given)
    this.#raw = raw
    for (const [index, sizeGlobal] of raw.sizeGlobals.entries()) {
      if (sizeGlobal === undefined) continue
      PooledMemory.connect(this.memories[index]!, sizeGlobal)
      // The host may have grown the memory before instantiation, through `instance.memory`.
      const pages = memories[index]!.memory.logicalBytes / pageBytes
      if (pages !== analysis.memories[index]!.initialPages) sizeGlobal.value = pages
    }
    if (analysis.lateSegments.length > 0) {
      this.gate.dirty = true
      applyLateSegments(
        analysis,
        memories.map((leased) => leased.memory),
        raw.exports,
      )
    }
    if (raw.start !== undefined) this.#run(raw.start)
    this.gate.state = live
  }

  #takeInstance(given: WebAssembly.Imports): RawInstance {
    const { memories } = this.#lease
    const left = memories[0]?.attachment as RawInstance | undefined
    // An instance lives on all of its memories' slots at once.
    if (
      left !== undefined &&
      memories.every((leased) => leased.attachment === left) &&
      left.serves(given, this.memories)
    ) {
      left.serve(this.#references)
      this.warm = true
      return left
    }
    const { analysis, needsPreparing } = this.module
    const current = { references: this.#references }
    const pooled = {
      raw: memories.map((leased) => (leased.reservation as V8Reservation).memory),
      handles: this.memories,
    }
    const prepared = prepareImports(analysis, needsPreparing, given, pooled, current)
    // Noted before V8 instantiates: element segments reach the caller's table even if a later step fails.
    this.#escapes = prepared.escapes
    return new RawInstance(this.module, this.#lease, prepared, given, current)
  }

  #run(start: Callable): void {
    this.gate.dirty = true
    this.gate.running++
    try {
      start()
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
    return (this.#exports ??= handlesOf(this.module, this.#raw!, this.#references, this.memories))
  }

  /** @throws InstanceBusyError while a call is running. */
  release(): void {
    if (this.gate.state === released) return
    const { running, suspended, state } = this.gate
    if (running > 0 || suspended > 0 || state === preparing)
      throw new InstanceBusyError(running === 0 && suspended > 0)
    this.abandon()
  }

  /** Kills the handles and returns the slots, these only when the last hold is over. */
  abandon(): void {
    if (this.gate.state !== live) this.#raw?.spoil()
    this.gate.state = released
    for (const [index, memory] of this.memories.entries()) {
      const { reservation } = this.#lease.memories[index]!
      ;(reservation as V8Reservation).tenant = undefined
      if (!PooledMemory.close(memory)) this.#escapes = true
    }
    if (this.#holds === 0) this.#giveBack()
  }

  #giveBack(): void {
    const raw = this.#raw
    const { memories } = this.#lease
    if (this.gate.dirty) for (const leased of memories) leased.memory.markDirty()
    const stays = raw !== undefined && !this.#escapes && rests(raw)
    for (const leased of memories) leased.attachment = stays ? raw : undefined
    this.#raw = undefined
    this.#lease.release(this.#escapes ? { discardReservations: true } : undefined)
  }

  /** The slots stay with this use until `work` has settled, whatever is released meanwhile. */
  hold(work: PromiseLike<unknown>): void {
    this.gate.pass('instance')
    this.gate.dirty = true
    this.#holds++
    const settled = (): void => {
      this.#holds--
      if (this.#holds === 0 && this.gate.state === released) this.#giveBack()
    }
    work.then(settled, settled)
  }

  /** The export `name` as a function that returns a promise, and may be suspended in its imports. */
  promising(name: string): Callable {
    this.gate.pass('instance')
    const entry = this.module.exportsByName.get(name)
    if (entry?.kind !== 'function')
      throw new TypeError(`This module exports no function ${JSON.stringify(name)}.`)
    const shape = this.module.analysis.functionShapes.get(entry.index)!
    return makePromisingHandle(this.gate, this.#raw!.exports[name] as Callable, shape, this.#references)
  }

  read(address: number, length: number, memory: number): Uint8Array {
    return this.#slot(memory).read(address, length)
  }

  write(address: number, bytes: Uint8Array, memory: number): void {
    const slot = this.#slot(memory)
    this.gate.dirty = true
    slot.write(address, bytes)
  }

  #slot(memory: number): Lease['memories'][number]['memory'] {
    this.gate.pass('memory')
    const leased = this.#lease.memories[memory]
    if (!leased)
      throw new RangeError(`This module has no memory ${memory}; it has ${this.#lease.memories.length}.`)
    return leased.memory
  }
}

/** Released at the very end of the stack there is no room even for the reset function; the slots go back all the same. */
function rests(raw: RawInstance): boolean {
  try {
    return raw.rest()
  } catch {
    return false
  }
}
