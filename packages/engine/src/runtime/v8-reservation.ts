/**
 * A V8 memory lent to the pool as a slot.
 *
 *   | <------- V8's own reservation: 8 or 10 GiB, for 64-bit addresses 16 -------> |
 *   | capacity, given to the pool                 |  V8's guard region           |
 *   | image, zeros: the logical size | PROT_NONE  |  PROT_NONE                   |
 *
 * V8 believes in a memory of the full capacity that never grows; the pool maps and protects inside it. The object keeps
 * the memory alive: when it goes, V8 unmaps all of it, images and all.
 */
import type { Reservation, Writers } from '@warmslot/memory-image'
import { SlotMemory, addressOf, joinGuardRegion, viewOver } from '@warmslot/memory-image'

import { pageBytes } from '../binary/sort-segments.ts'
import type { Callable } from '../handles/callable.ts'
import { PooledMemory } from '../handles/memory-handle.ts'

/**
 * Memories over which somebody has a view: a view does not keep its memory alive by itself, and V8 would unmap the bytes
 * under it when all else of an instance that was never released is dropped. One that was transferred away can never be
 * taken back, so its memory stays here for ever.
 */
const lent = new Set<WebAssembly.Memory>()

/**
 * What belongs to a memory from its start on, as `check-runtime.ts` and `check-memory64.ts` found out: an index of 32 bits and a
 * static offset of as many. V8 may reserve more, but what lies there could be a neighbour's.
 */
const leastReservedBytes = 2 ** 33

/**
 * How many views of different sizes are kept for their next use. A module that grows page by page, as Go's do, and whose glue looks
 * at the memory each time, has a hundred in every use.
 */
const keptViews = 512

export class V8Reservation implements Reservation {
  readonly memory: WebAssembly.Memory
  readonly base: number
  readonly byteLength: number
  /** A WebAssembly function `(i32) -> (i32)` that fits into a module's grow table. */
  readonly growFunction: Callable
  /** The memory handle of the use that has the slot now. */
  tenant: PooledMemory | undefined
  readonly #keepBuffers: boolean
  /** By their length: those that can be lent; with `keepBuffers` those that are lent, too. */
  readonly #views = new Map<number, ArrayBuffer>()
  #lentBytes = 0
  #escaped = false
  #writers: Writers = 'this-thread'

  /**
   * @param is64 for a memory with addresses of type i64: V8 imports only the like
   * @param keepBuffers the engine's option: views are never detached before the end
   */
  constructor(byteLength: number, is64: boolean, keepBuffers: boolean) {
    this.#keepBuffers = keepBuffers
    const pages = byteLength / pageBytes
    this.memory = is64 ? memory64(pages, pages) : new WebAssembly.Memory({ initial: pages, maximum: pages })
    this.base = addressOf(this.memory.buffer)
    this.byteLength = byteLength
    joinGuardRegion(this.base + byteLength, leastReservedBytes - byteLength)
    this.growFunction = asWasmFunction((deltaPages) =>
      this.tenant === undefined ? -1 : PooledMemory.grow(this.tenant, deltaPages >>> 0),
    )
  }

  /**
   * An ArrayBuffer over the first `bytes` bytes. Making one costs microseconds and a call through the FFI; renewing one
   * that was taken back costs a transfer.
   */
  lendView(bytes: number): ArrayBuffer {
    if (bytes === 0) return new ArrayBuffer(0)
    this.#writers = 'any-thread'
    this.#lentBytes = Math.max(this.#lentBytes, bytes)
    lent.add(this.memory)
    const kept = this.#views.get(bytes)
    this.#views.delete(bytes)
    if (!this.#keepBuffers) return kept ?? viewOver(this.base, bytes)
    if (kept?.detached === true) this.#escaped = true
    const view = kept === undefined || kept.detached ? viewOver(this.base, bytes) : kept
    this.#keep(view)
    return view
  }

  /** Who may have written in the use that ends: once the host has had a view, native code from other threads too (`fs.read`, `zlib`). */
  takeWriters(): Writers {
    const writers = this.#writers
    this.#writers = 'this-thread'
    return writers
  }

  /**
   * Detaches a lent view, and keeps its renewal; false if it was transferred away and still reaches these bytes.
   *
   * The transfer is cheap, but V8 counts the renewal as newly allocated memory outside its heap: where that heap is small and
   * the view large, it begins to collect garbage every few uses. Hence `keepBuffers`.
   */
  takeViewBack(view: ArrayBuffer): boolean {
    if (view.detached) {
      this.#escaped = true
      return false
    }
    if (this.#keepBuffers) return true
    if (!this.#escaped) lent.delete(this.memory)
    const bytes = view.byteLength
    const renewed = view.transfer()
    if (bytes !== 0) this.#keep(renewed)
    return true
  }

  /** The one that was not wanted for the longest time goes. */
  #keep(view: ArrayBuffer): void {
    if (this.#views.size >= keptViews)
      for (const [bytes, oldest] of this.#views.entries().take(1)) {
        this.#views.delete(bytes)
        this.#detach(oldest)
      }
    this.#views.set(view.byteLength, view)
  }

  #detach(view: ArrayBuffer): void {
    if (view.detached) this.#escaped = true
    else view.transfer(0)
  }

  /**
   * Called when the pool gives the memory up. V8 unmaps it at some garbage collection, so everything in it goes here:
   * if that fails, this throws, and the pool does not believe that the slot is clear. Where a view was transferred
   * away, somebody may read and write there for ever: then the addresses stay V8's, and ordinary zero pages, for as
   * long as the process lives.
   */
  [Symbol.dispose](): void {
    this.tenant = undefined
    for (const view of this.#views.values()) this.#detach(view)
    this.#views.clear()
    if (this.#keepBuffers && !this.#escaped) lent.delete(this.memory)
    new SlotMemory(this).prepare(undefined, this.#escaped ? this.#lentBytes : 0)
  }
}

/** @throws TypeError where V8 does not know 64-bit memories, or not in this form */
export function memory64(initialPages: number, maximumPages: number | undefined): WebAssembly.Memory {
  const maximum = maximumPages === undefined ? undefined : BigInt(maximumPages)
  const limits = { address: 'i64', initial: BigInt(initialPages), maximum }
  // The types of the library do not know it yet.
  return new WebAssembly.Memory(limits as never)
}

/** `(import "" "f" (func (param i32) (result i32))) (export "f" (func 0))`. */
const trampolineBytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f, 0x02, 0x06,
  0x01, 0x00, 0x01, 0x66, 0x00, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00,
])

let trampoline: WebAssembly.Module | undefined

/** Only functions of a module can be put into a table; so one passes the call on. */
function asWasmFunction(host: (value: number) => number): Callable {
  trampoline ??= new WebAssembly.Module(trampolineBytes)
  return new WebAssembly.Instance(trampoline, { '': { f: host } }).exports['f'] as Callable
}
