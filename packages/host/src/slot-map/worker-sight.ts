/**
 * What is known of one worker's slots. A worker that runs a guest answers after it; so what it said last stays, and it is asked again
 * only when it has answered: questions do not pile up.
 */
import type { WorkerSlot } from '../workers/protocol.ts'
import type { WorkerThread } from '../workers/worker-thread.ts'
import type { MapSlot, MapWorker } from './page/slot-map-state.ts'

export class WorkerSight {
  readonly #thread: WorkerThread
  #slots: Readonly<Record<string, MapSlot>> = {}
  #asking: Promise<void> | undefined

  constructor(thread: WorkerThread) {
    this.#thread = thread
  }

  /** Resolves when it has answered, or is gone. */
  ask(residentBytes: boolean): Promise<void> {
    return (this.#asking ??= this.#ask(residentBytes))
  }

  /** As far as is known now. */
  view(): MapWorker {
    if (this.#asking === undefined) return { busy: false, slots: this.#slots }
    const { running } = this.#thread
    if (running === undefined) return { busy: true, slots: this.#slots }
    return { busy: true, running, slots: withRunning(this.#slots, running) }
  }

  async #ask(residentBytes: boolean): Promise<void> {
    try {
      const slots = await this.#thread.request<WorkerSlot[]>({ type: 'slots', residentBytes })
      this.#slots = Object.fromEntries(
        slots.map((slot) => [slot.slot, mapSlot(slot, this.#slots[slot.slot])] as const),
      )
    } catch {
      // It is gone, and the pool says so.
    } finally {
      this.#asking = undefined
    }
  }
}

/** Where resident bytes were not asked for, those that are known of the module's stay. */
function mapSlot(slot: WorkerSlot, before: MapSlot | undefined): MapSlot {
  const { state, warm, hits, uid } = slot
  const known = before?.module === uid ? before?.residentBytes : undefined
  const residentBytes = slot.residentBytes ?? known
  return {
    state,
    warm,
    hits,
    ...(uid !== undefined && { module: uid }),
    ...(residentBytes !== undefined && { residentBytes }),
  }
}

/**
 * A worker that runs a guest cannot say which slots the guest has. They are those that have its module's image and have had the most hits:
 * a request takes what was given back last, which is the same each time, since one guest runs at a time.
 */
function withRunning(slots: Readonly<Record<string, MapSlot>>, uid: string): Record<string, MapSlot> {
  const isOne = ({ module, state }: MapSlot): boolean => module === uid && state !== 'retired'
  const most = Object.values(slots).reduce(
    (hits, slot) => (isOne(slot) ? Math.max(hits, slot.hits) : hits),
    0,
  )
  return Object.fromEntries(
    Object.entries(slots).map(([number, slot]) =>
      isOne(slot) && slot.hits === most ? [number, { ...slot, state: 'in-use' }] : [number, slot],
    ),
  )
}
