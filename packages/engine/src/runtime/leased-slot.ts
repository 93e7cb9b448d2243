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

  /** What the pool leased; revoked when it is given back. */
  get leased(): LeasedMemory {
    return this.#leased
  }

  get reservation(): V8Reservation {
    return this.#reservation
  }

  get logicalBytes(): number {
    return this.#leased.memory.logicalBytes
  }

  read(address: number, length: number): Uint8Array {
    return this.#leased.memory.read(address, length)
  }

  write(address: number, bytes: Uint8Array): void {
    this.#leased.memory.write(address, bytes)
  }

  /** False also after a growth that failed half-way and could not be taken back: the use goes on, without growing. */
  grow(bytes: number): boolean {
    return this.#leased.memory.state === 'mapped' && this.#leased.grow(bytes)
  }

  lendView(bytes: number): ArrayBuffer {
    return this.#reservation.lendView(bytes)
  }

  takeViewBack(view: ArrayBuffer): boolean {
    return this.#reservation.takeViewBack(view)
  }
}
