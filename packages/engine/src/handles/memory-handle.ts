/**
 * The handle of a pooled memory: the WebAssembly.Memory interface over the logical size.
 *
 * `buffer` is an ArrayBuffer over the slot's own bytes, made when it is first asked for, the same one until the memory
 * grows; it is detached by growth and by release, as V8 detaches its own. Source: WebAssembly JavaScript interface,
 * section 5.3 (Memories).
 */
import { pageBytes } from '../binary/sort-segments.ts'
import { InstanceReleasedError } from '../errors/instance-released-error.ts'
import type { Use } from './links.ts'
import { Sharers } from './sharers.ts'
import { standInFor } from './stand-in.ts'
import { addBufferForms } from './buffer-forms.ts'

/** What the handle needs of the slot behind it. */
export interface MemorySlot {
  readonly logicalBytes: number
  grow(bytes: number): boolean
  lendView(bytes: number): ArrayBuffer
  /** Takes a lent view back and detaches it; false if somebody else had detached it, by transferring it. */
  takeViewBack(view: ArrayBuffer): boolean
}

/** What a memory can grow to, in pages of 64 KiB. */
export interface MemoryLimits {
  /** The module's own maximum. */
  readonly declaredPages: number | undefined
  /** The slot's capacity, or the module's own limit (option `maxMemoryBytes` of `compile`). */
  readonly capacityPages: number
  /** Whether its addresses are i64: then sizes in pages cross as bigints. */
  readonly is64: boolean
}

export class PooledMemory {
  readonly #use: Use
  readonly #slot: MemorySlot
  readonly #limits: MemoryLimits
  #buffer: ArrayBuffer | undefined
  /** Whether a buffer was transferred away: somebody may reach the slot's bytes for ever. */
  #escaped = false
  #sizeGlobal: WebAssembly.Global | undefined
  #sharers: Sharers | undefined
  #dropped = false
  /** The size globals of the other instances that have the memory, and whose they are. */
  #otherSizes: Map<WebAssembly.Global, Use> | undefined

  /** @internal */
  constructor(use: Use, slot: MemorySlot, limits: MemoryLimits) {
    this.#use = use
    this.#slot = slot
    this.#limits = limits
  }

  // What the engine does with a handle stands in static methods, so that the caller's object has V8's interface only.
  // No accessors in object literals here: each such object gets a hidden class of its own, which outlives it.

  /** As `memory.grow` in the module: the old size in pages, or -1. */
  static grow(memory: PooledMemory, deltaPages: number): number {
    return memory.#grow(deltaPages)
  }

  /** From now on growth tells the module its new logical size. */
  static connect(memory: PooledMemory, sizeGlobal: WebAssembly.Global, user: Use): void {
    if (memory.#use === user && memory.#sizeGlobal === undefined) memory.#sizeGlobal = sizeGlobal
    else (memory.#otherSizes ??= new Map()).set(sizeGlobal, user)
  }

  /** Whether the module declares a maximum for it. @throws InstanceReleasedError */
  static hasMaximum(memory: PooledMemory): boolean {
    memory.#pass()
    return memory.#limits.declaredPages !== undefined
  }

  /** `user` imports the memory: it stays usable until all who have it are released. */
  static share(memory: PooledMemory, user: Use): void {
    memory.#sharers ??= new Sharers(memory.#use)
    memory.#sharers.add(user)
  }

  /** An instance that has the memory was released: the last one detaches the buffer. */
  static leave(memory: PooledMemory, user: Use): void {
    if (memory.#sharers) memory.#leave(user, memory.#sharers)
    else if (memory.#use === user) memory.#detach()
  }

  /** The handle was not needed: its slot goes back, and nothing works any more. */
  static drop(memory: PooledMemory): void {
    memory.#detach()
    memory.#dropped = true
  }

  /** Whether a buffer was transferred away, so that somebody may still reach the slot. */
  static escaped(memory: PooledMemory): boolean {
    return memory.#escaped
  }

  static slotOf(memory: PooledMemory): MemorySlot {
    return memory.#slot
  }

  static limitsOf(memory: PooledMemory): MemoryLimits {
    return memory.#limits
  }

  static useOf(memory: PooledMemory): Use {
    return memory.#use
  }

  /** @throws InstanceReleasedError */
  static pass(memory: PooledMemory): void {
    memory.#pass()
  }

  /**
   * The memory's bytes. For synchronous use only: a socket or a thread pool that still reads it after release reads
   * the next tenant's bytes; `instance.read()` copies.
   * @throws InstanceReleasedError
   */
  get buffer(): ArrayBuffer {
    this.#pass()
    this.#use.gate.dirty = true
    return (this.#buffer ??= this.#slot.lendView(this.#slot.logicalBytes))
  }

  /**
   * Grows the memory by `delta` pages of 64 KiB, and returns its old size in pages: numbers, or bigints where the
   * memory's addresses are i64.
   * @throws RangeError beyond the memory's own maximum, or `maxMemoryBytes` of its module or of the engine; nothing has changed then.
   * @throws TypeError if `delta` is no unsigned 32-bit number, or no unsigned 64-bit bigint.
   * @throws InstanceReleasedError
   */
  grow(delta: number): number
  grow(delta: bigint): bigint
  grow(delta: number | bigint): number | bigint {
    this.#pass()
    const { declaredPages = Infinity, is64 } = this.#limits
    const pages = this.#use.gate.during(() => (is64 ? unsigned64(delta) : unsigned32(delta)))
    const old = this.#grow(pages)
    if (old >= 0) return is64 ? BigInt(old) : old
    const beyondDeclared = this.#slot.logicalBytes / pageBytes + pages > declaredPages
    throw new RangeError(
      `WebAssembly.Memory.grow(): ${beyondDeclared ? 'Maximum memory size exceeded' : 'Unable to grow instance memory'}`,
    )
  }

  #grow(deltaPages: number): number {
    const oldPages = this.#slot.logicalBytes / pageBytes
    const pages = oldPages + deltaPages
    const { declaredPages = Infinity, capacityPages } = this.#limits
    if (pages > declaredPages || pages > capacityPages) return -1
    if (deltaPages > 0 && !this.#slot.grow(pages * pageBytes)) return -1
    this.#use.gate.dirty = true
    const size = this.#limits.is64 ? BigInt(pages) : pages
    if (this.#sizeGlobal) this.#sizeGlobal.value = size
    if (this.#otherSizes) for (const other of this.#otherSizes.keys()) other.value = size
    this.#detach()
    return oldPages
  }

  #leave(user: Use, sharers: Sharers): void {
    if (this.#otherSizes)
      for (const [size, owner] of this.#otherSizes) if (owner === user) this.#otherSizes.delete(size)
    if (!sharers.needed) this.#detach()
  }

  #pass(): void {
    if (this.#dropped) throw new InstanceReleasedError('memory')
    if (this.#sharers?.live !== true) this.#use.gate.pass('memory')
  }

  #detach(): void {
    const buffer = this.#buffer
    this.#buffer = undefined
    if (buffer !== undefined && !this.#slot.takeViewBack(buffer)) this.#escaped = true
  }
}

/** V8's conversion of the argument of `grow`, with its messages. */
function unsigned32(value: unknown): number {
  const number = +(value as number)
  if (!Number.isFinite(number)) throw argumentError('convertible to a valid number')
  if (number < 0) throw argumentError('non-negative')
  if (number > 0xffff_ffff) throw argumentError('in the unsigned long range')
  return Math.trunc(number)
}

/** The same for 64-bit memories. Beyond 2^53 it is rounded, which is beyond every limit. */
function unsigned64(value: unknown): number {
  // V8's own conversion, which takes no numbers; no width that a bigint can have is cut off.
  const integer = BigInt.asIntN(Number.MAX_SAFE_INTEGER, value as bigint)
  if (integer < 0n || integer > 0xffff_ffff_ffff_ffffn) throw argumentError('in u64 range')
  return Number(integer)
}

function argumentError(must: string): TypeError {
  return new TypeError(`WebAssembly.Memory.grow(): Argument 0 must be ${must}`)
}

addBufferForms(PooledMemory.prototype, (memory) => PooledMemory.hasMaximum(memory))

// So that glue which asks `memory instanceof WebAssembly.Memory` goes on.
standInFor(PooledMemory, 'Memory')
