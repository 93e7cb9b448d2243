/**
 * What modules have in slots, over all workers: the slot map's numbers, asked for once a second at most, and after a change, however many
 * want them.
 */
import type { MapSlot, SlotMapState } from './page/slot-map-state.ts'
import type { SlotWatch } from './slot-watch.ts'

export interface ModuleSlots {
  /** Free, and still map its image. */
  readonly affine: number
  /** Those of them in which a live instance waits. */
  readonly warm: number
  /** Of requests that run. */
  readonly inUse: number
  /** Private memory of all of them, as far as the kernel was asked. */
  readonly residentBytes: number
}

const keptMs = 1_000
const none: ModuleSlots = { affine: 0, warm: 0, inUse: 0, residentBytes: 0 }

export class ModuleSlotCounts {
  readonly #watch: Pick<SlotWatch, 'look'>
  readonly #now: () => number
  #asked: { readonly atMs: number; readonly state: Promise<SlotMapState> } | undefined

  /** @param now in milliseconds, for tests */
  constructor(watch: Pick<SlotWatch, 'look'>, now: () => number = () => performance.now()) {
    this.#watch = watch
    this.#now = now
  }

  /** What is known counts no more: a module has come, or is going. */
  forget(): void {
    this.#asked = undefined
  }

  /** By UID; a module without slots has zeros. */
  async count(): Promise<(uid: string) => ModuleSlots> {
    const atMs = this.#now()
    if (this.#asked === undefined || atMs - this.#asked.atMs >= keptMs)
      this.#asked = { atMs, state: this.#watch.look() }
    const counts = countsOf(await this.#asked.state)
    return (uid) => counts.get(uid) ?? none
  }
}

function countsOf({ workers }: SlotMapState): Map<string, ModuleSlots> {
  const counts = new Map<string, ModuleSlots>()
  for (const { slots } of Object.values(workers)) {
    for (const slot of Object.values(slots)) {
      if (slot.module !== undefined) counts.set(slot.module, sum(counts.get(slot.module) ?? none, slot))
    }
  }
  return counts
}

function sum({ affine, warm, inUse, residentBytes }: ModuleSlots, slot: MapSlot): ModuleSlots {
  // A queued slot is free as well, after its reset.
  const isFree = slot.state === 'affine' || slot.state === 'queued'
  return {
    affine: affine + Number(isFree),
    warm: warm + Number(isFree && slot.warm),
    inUse: inUse + Number(slot.state === 'in-use'),
    residentBytes: residentBytes + (slot.residentBytes ?? 0),
  }
}
