/**
 * The handle of a pooled memory: the WebAssembly.Memory interface over the logical size.
 *
 * `buffer` is an ArrayBuffer over the slot's own bytes, made when it is first asked for, the same one until the memory
 * grows; it is detached by growth and by release, as V8 detaches its own. Source: WebAssembly JavaScript interface,
 * section 5.3 (Memories).
 */
import { pageBytes } from '../binary/sort-segments.ts'
import type { Gate } from './gate.ts'

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
  /** The slot's capacity. */
  readonly capacityPages: number
}

export class PooledMemory {
  readonly #gate: Gate
  readonly #slot: MemorySlot
  readonly #limits: MemoryLimits
  #buffer: ArrayBuffer | undefined
  /** Whether a buffer was transferred away: somebody may reach the slot's bytes for ever. */
  #escaped = false
  #sizeGlobal: WebAssembly.Global | undefined

  /** @internal */
  constructor(gate: Gate, slot: MemorySlot, limits: MemoryLimits) {
    this.#gate = gate
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
  static connect(memory: PooledMemory, sizeGlobal: WebAssembly.Global): void {
    memory.#sizeGlobal = sizeGlobal
  }

  /** Detaches the buffer at release; false if one was transferred away, so that somebody may still reach the slot. */
  static close(memory: PooledMemory): boolean {
    memory.#detach()
    return !memory.#escaped
  }

  /**
   * The memory's bytes. For synchronous use only: a socket or a thread pool that still reads it after release reads
   * the next tenant's bytes; `instance.read()` copies.
   * @throws InstanceReleasedError
   */
  get buffer(): ArrayBuffer {
    this.#gate.pass('memory')
    this.#gate.dirty = true
    return (this.#buffer ??= this.#slot.lendView(this.#slot.logicalBytes))
  }

  /**
   * Grows the memory by `delta` pages of 64 KiB, and returns its old size in pages.
   * @throws RangeError beyond the module's maximum or the engine's `maxMemoryBytes`.
   * @throws TypeError if `delta` is no unsigned 32-bit number.
   * @throws InstanceReleasedError
   */
  grow(delta: number): number {
    this.#gate.pass('memory')
    const pages = unsigned32(delta)
    // Converting it may have run code of the caller's.
    this.#gate.pass('memory')
    const old = this.#grow(pages)
    if (old >= 0) return old
    const { declaredPages = Infinity } = this.#limits
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
    this.#gate.dirty = true
    if (this.#sizeGlobal) this.#sizeGlobal.value = pages
    this.#detach()
    return oldPages
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

function argumentError(must: string): TypeError {
  return new TypeError(`WebAssembly.Memory.grow(): Argument 0 must be ${must}`)
}

// So that glue which asks `memory instanceof WebAssembly.Memory` goes on.
Object.setPrototypeOf(PooledMemory.prototype, WebAssembly.Memory.prototype)
