/**
 * A slot with address space of more than one kind: an engine may need another object behind a slot for another sort of
 * memory (V8: for 32-bit and for 64-bit addresses).
 *
 *     kind a: in use  ──acquired for kind b──►  kind a: wiped, parked
 *     kind b: none or parked                    kind b: in use
 *
 * Parking costs a slot its address space twice, and spares the making of it: a wipe takes microseconds, a new V8 memory up
 * to milliseconds, and the old one would stay until some garbage collection. Invariants: one kind is in use at a time, so
 * a module's image is never in two places of one slot; what is parked is wiped and holds nothing of anybody.
 */

import type { ModuleMemory, Slot } from './records.ts'

/** Whether a slot has address space of the kind that a memory needs. */
export function isHoused(slot: Slot, { kind }: ModuleMemory): boolean {
  return slot.kind === kind ? slot.memory !== undefined : slot.parked?.has(kind) === true
}

/**
 * Puts address space of another kind into use; `slot.memory` is undefined afterwards where the slot has none yet.
 * Throws what the kernel refused; nothing was exchanged then, and the slot needs clearing.
 */
export function changeKind(slot: Slot, kind: string): void {
  const { reservation, memory } = slot
  if (slot.kind !== undefined && reservation !== undefined && memory !== undefined) {
    if (memory.state !== 'untouched') memory.wipe()
    slot.parked ??= new Map()
    slot.parked.set(slot.kind, { reservation, memory })
  }
  const house = slot.parked?.get(kind)
  slot.parked?.delete(kind)
  slot.kind = kind
  slot.reservation = house?.reservation
  slot.memory = house?.memory
}

/** Gives parked address space back. Throws what the kernel refused; calling it again goes on with the rest. */
export function releaseParked(slot: Slot): void {
  for (const [kind, { reservation, memory }] of slot.parked ?? []) {
    memory[Symbol.dispose]()
    reservation[Symbol.dispose]?.()
    slot.parked?.delete(kind)
  }
}
