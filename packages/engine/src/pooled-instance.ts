/**
 * What the caller holds from `instantiate` to `release`: the module's exports as handles of this one use.
 *
 * It stands under `WebAssembly.Instance` in the prototype chain, since glue (Go's `wasm_exec`, ruby's) asks
 * `instanceof` before it takes an instance.
 */
import type { PooledMemory } from './handles/memory-handle.ts'
import { released } from './handles/gate.ts'
import type { InstanceCore } from './runtime/instance-core.ts'
import { standInFor } from './handles/stand-in.ts'

export class PooledInstance implements Disposable {
  readonly #core: InstanceCore

  /** @internal */
  constructor(core: InstanceCore) {
    this.#core = core
  }

  /**
   * The module's exports, as V8 would give them; functions, memories, tables and globals are handles of this use.
   * @throws InstanceReleasedError
   */
  get exports(): WebAssembly.Exports {
    return this.#core.exports
  }

  /** The module's memory 0, imported or its own; there before instantiation, for glue that needs it then. */
  get memory(): PooledMemory | undefined {
    return this.#core.memories[0]
  }

  /** Every memory of the module, by index. */
  get memories(): readonly PooledMemory[] {
    return this.#core.memories
  }

  get released(): boolean {
    return this.#core.gate.state === released
  }

  /**
   * Copies `length` bytes at `address` out of memory number `memory` (default 0).
   * @throws RangeError beyond the logical size
   * @throws InstanceReleasedError
   */
  read(address: number, length: number, memory = 0): Uint8Array {
    return this.#core.read(address, length, memory)
  }

  /**
   * Copies `bytes` to `address` in memory number `memory` (default 0).
   * @throws RangeError beyond the logical size
   * @throws InstanceReleasedError
   */
  write(address: number, bytes: Uint8Array, memory = 0): void {
    this.#core.write(address, bytes, memory)
  }

  /**
   * Keeps the slot and its views until `work` has settled, also beyond {@link release}: for native work that goes on with
   * the memory's bytes after its call has returned (a write of a socket or a file, `zlib`, `crypto` in the thread pool).
   * @returns `work` itself
   * @throws InstanceReleasedError
   */
  hold<T extends PromiseLike<unknown>>(work: T): T {
    this.#core.hold(work)
    return work
  }

  /**
   * The exported function `name` as `WebAssembly.promising` would give it: calls return promises, and imports made with
   * `WebAssembly.Suspending` may suspend them. While one is suspended, {@link release} throws.
   * @throws TypeError if the module exports no such function
   * @throws UnsupportedRuntimeError where this V8 has no promise integration (before Node 24)
   * @throws InstanceReleasedError
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- V8 converts whatever it is given
  promising(name: string): (...values: any[]) => Promise<any> {
    return this.#core.promising(name)
  }

  /**
   * Gives the instance `deadlineMs` from now, whatever it had left: for one that lives long, before each piece of work.
   * May be called while a call is running, from an imported function. For engines with `deadlines: true`.
   * @param deadlineMs in milliseconds, above 0, up to 1,073,741,823 (12 days)
   * @throws InvalidOptionError
   * @throws InstanceReleasedError
   */
  extendDeadline(deadlineMs: number): void {
    this.#core.extendDeadline(deadlineMs)
  }

  /**
   * Ends the use: every handle is dead, every buffer detached, the slots go back to the pool. A second call does
   * nothing.
   * @throws InstanceBusyError from within a running call into the instance, and while one is suspended
   */
  release(): void {
    this.#core.release()
  }

  [Symbol.dispose](): void {
    this.#core.release()
  }

  /** @internal */
  static coreOf(instance: PooledInstance): InstanceCore {
    return instance.#core
  }
}

standInFor(PooledInstance, 'Instance')
