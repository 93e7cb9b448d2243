/**
 * The handle of a pooled memory: the WebAssembly.Memory interface over the logical size.
 *
 * `buffer` is an ArrayBuffer over the slot's own bytes, made when it is first asked for, the same one until the memory
 * grows; it is detached by growth and by release, as V8 detaches its own. Source: WebAssembly JavaScript interface,
 * section 5.3 (Memories).
 */
import { pageBytes } from '../binary/analyse-module.ts'
import type { Gate } from './gate.ts'

/** What the handle needs of the slot behind it. */
export interface MemorySlot {
  readonly logicalBytes: number
  grow(bytes: number): boolean
  lendView(bytes: number): ArrayBuffer
  /** Takes a lent view back and detaches it; false if somebody else had detached it, by transferring it. */
  takeViewBack(view: ArrayBuffer): boolean
}

/** What the engine keeps of a handle. */
export interface MemoryControl {
  readonly handle: PooledMemory
  /** As `memory.grow` in the module: the old size in pages, or -1. */
  grow(deltaPages: number): number
  /** Detaches the buffer at release; false if it was transferred away, so that somebody may still reach the slot. */
  close(): boolean
  /** Tells the module its new logical size; set when the instance is there. */
  sizeGlobal: WebAssembly.Global | undefined
}

export class PooledMemory {
  readonly #gate: Gate
  readonly #slot: MemorySlot
  readonly #maximumPages: number
  #buffer: ArrayBuffer | undefined
  #sizeGlobal: WebAssembly.Global | undefined

  private constructor(gate: Gate, slot: MemorySlot, maximumPages: number) {
    this.#gate = gate
    this.#slot = slot
    this.#maximumPages = maximumPages
  }

  /** `maximumPages`: the module's own maximum or the slot's capacity, whichever is less. */
  static create(gate: Gate, slot: MemorySlot, maximumPages: number): MemoryControl {
    const handle = new PooledMemory(gate, slot, maximumPages)
    return {
      handle,
      grow: (deltaPages) => handle.#grow(deltaPages),
      close: () => handle.#detach(),
      set sizeGlobal(global) {
        handle.#sizeGlobal = global
      },
      get sizeGlobal() {
        return handle.#sizeGlobal
      },
    }
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
    const pages = Math.trunc(Number(delta))
    if (!(pages >= 0 && pages <= 0xffff_ffff)) {
      throw new TypeError('WebAssembly.Memory.grow(): Argument 0 must be convertible to a valid number')
    }
    const old = this.#grow(pages)
    if (old < 0) throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded')
    return old
  }

  #grow(deltaPages: number): number {
    const oldPages = this.#slot.logicalBytes / pageBytes
    const pages = oldPages + deltaPages
    if (pages > this.#maximumPages) return -1
    if (deltaPages > 0 && !this.#slot.grow(pages * pageBytes)) return -1
    this.#gate.dirty = true
    if (this.#sizeGlobal) this.#sizeGlobal.value = pages
    this.#detach()
    return oldPages
  }

  #detach(): boolean {
    const buffer = this.#buffer
    this.#buffer = undefined
    return buffer === undefined || this.#slot.takeViewBack(buffer)
  }
}

// So that glue which asks `memory instanceof WebAssembly.Memory` goes on.
Object.setPrototypeOf(PooledMemory.prototype, WebAssembly.Memory.prototype)
