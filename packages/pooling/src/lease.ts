/** What a caller holds from `acquire` to `release`: the memories of one module that it asked for, each in a slot. */

import { LeaseReleasedError } from './errors/lease-released-error.ts'
import type { LeasedMemory } from './leased-memory.ts'
import type { PoolModule } from './pool-module.ts'

/** How to release. */
export interface ReleaseOptions {
  /**
   * Give the slots' address space back too, so that the next holder gets fresh one. For where it cannot be ruled out that
   * somebody still has a pointer or a view into it. @default false
   */
  readonly discardReservations?: boolean
}

/** Where leases come from and go back to. */
export interface LeaseHome {
  takeBack(lease: Lease, memories: readonly LeasedMemory[], discardReservations: boolean): void
  takeBackSome(lease: Lease, memories: readonly LeasedMemory[]): void
}

type Kind = 'cold' | 'affine'

let make: (home: LeaseHome, module: PoolModule, kind: Kind, memories: readonly LeasedMemory[]) => Lease

export class Lease implements Disposable {
  readonly module: PoolModule
  /** `affine`: every memory was found with its image mapped (so is a module without memories). `cold`: one at least was not. */
  readonly kind: Kind
  #memories: readonly LeasedMemory[]
  #home: LeaseHome | undefined

  static {
    make = (home, module, kind, memories) => new Lease(home, module, kind, memories)
  }

  /** Made by `Pool.acquire`. */
  private constructor(home: LeaseHome, module: PoolModule, kind: Kind, memories: readonly LeasedMemory[]) {
    this.#home = home
    this.module = module
    this.kind = kind
    this.#memories = memories
  }

  get released(): boolean {
    return this.#home === undefined
  }

  /** In the order of the module's memories, or in that in which they were asked for. @throws LeaseReleasedError after the release */
  get memories(): readonly LeasedMemory[] {
    if (this.#home === undefined) throw new LeaseReleasedError()
    return this.#memories
  }

  /**
   * Gives back those slots that turned out not to be needed, and leaves them out of `memories`.
   * @throws LeaseReleasedError after the release
   */
  releaseSome(unneeded: readonly LeasedMemory[]): void {
    const memories = this.memories
    const mine = unneeded.filter((leased) => memories.includes(leased))
    this.#memories = memories.filter((leased) => !mine.includes(leased))
    this.#home!.takeBackSome(this, mine)
  }

  /**
   * Gives the slots back. Never throws for what the kernel refuses: such a slot is cleared, replaced or retired, and
   * counted in the metrics. A second call does nothing.
   */
  release(options?: ReleaseOptions): void {
    const home = this.#home
    if (home === undefined) return
    this.#home = undefined
    home.takeBack(this, this.#memories, options?.discardReservations === true)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** A lease of these memories, which goes back to `home`. */
export function makeLease(
  home: LeaseHome,
  module: PoolModule,
  kind: Kind,
  memories: readonly LeasedMemory[],
): Lease {
  return make(home, module, kind, memories)
}
