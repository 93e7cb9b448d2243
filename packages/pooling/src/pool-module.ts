/** The public face of a module in a pool. What the pool knows of it stays inside (`recordOf`). */

import type { MemoryImage } from '@warmslot/memory-image'
import type { ModuleRecord, ModuleState } from './records.ts'

/** What one memory of a module starts from. */
export interface ModuleMemoryOptions {
  /** Its initial content. The pool keeps a reference (`retain`) until the module's purge is through. */
  readonly image: MemoryImage
  /** Logical size at the start of each use, in bytes, a multiple of 65,536; the image lies within. At most `slotBytes`. */
  readonly initialBytes: number
  /** The memory's own maximum, in bytes. It may be larger than `slotBytes`, which holds in any case. @default slotBytes */
  readonly maximumBytes?: number
  /** The kind of address space that it needs, one of the pool's `reservationKinds`. @default the first of them */
  readonly kind?: string
}

/** What `Pool.register` takes. */
export interface RegisterOptions {
  /** For messages, metrics and receipts. @default `module-<id>` */
  readonly label?: string
  /** None to `slots` of them; each takes a slot while the module is in use. */
  readonly memories: readonly ModuleMemoryOptions[]
}

type Purge = (module: PoolModule) => Promise<unknown>

let make: (record: ModuleRecord, purge: Purge) => PoolModule
let recordOfModule: (module: PoolModule) => ModuleRecord

/** A module that a pool has slots for. Made by `Pool.register`, ended by `Pool.purge` or `await using`. */
export class PoolModule implements AsyncDisposable {
  /** Unique in its pool, ascending. */
  readonly id: number
  readonly label: string
  readonly #record: ModuleRecord
  readonly #purge: Purge

  static {
    make = (record, purge) => new PoolModule(record, purge)
    recordOfModule = (module) => module.#record
  }

  /** Made by `Pool.register`. */
  private constructor(record: ModuleRecord, purge: Purge) {
    this.id = record.id
    this.label = record.label
    this.#record = record
    this.#purge = purge
  }

  /** `live`; `purging` from the call of `purge` on; `purged` when its receipt is there. */
  get state(): ModuleState {
    return this.#record.state
  }

  /** Purges the module from its pool. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#purge(this)
  }
}

/** What the pool knows of a module. */
export function recordOf(module: PoolModule): ModuleRecord {
  return recordOfModule(module)
}

/** The face of a record. */
export function faceOf(record: ModuleRecord, purge: Purge): PoolModule {
  return make(record, purge)
}
