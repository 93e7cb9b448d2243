/** The slot behind a memory handle, as long as the use has it. */
import type { LeasedMemory } from '@warmslot/pooling'

import type { MemorySlot } from '../handles/memory-handle.ts'
import type { V8Reservation } from './v8-reservation.ts'

export class LeasedSlot implements MemorySlot {
  readonly #leased: LeasedMemory
  readonly #reservation: V8Reservation

  constructor(leased: LeasedMemory, reservation: V8Reservation) {
    this.#leased = leased
    this.#reservation = reservation
  }

  get logicalBytes(): number {
    return this.#leased.memory.logicalBytes
  }

  grow(bytes: number): boolean {
    return this.#leased.grow(bytes)
  }

  lendView(bytes: number): ArrayBuffer {
    return this.#reservation.lendView(bytes)
  }

  takeViewBack(view: ArrayBuffer): boolean {
    return this.#reservation.takeViewBack(view)
  }
}
