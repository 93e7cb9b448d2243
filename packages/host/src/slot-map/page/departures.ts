/**
 * Notices when a module is gone: the host has purged it, and no slot has it any more. The two are seen in either order, since a worker's
 * slots may have been looked at just before.
 */
import type { MapModule, SlotMapState } from './slot-map-state.ts'

export class Departures {
  #host: string | undefined
  #known: SlotMapState['modules'] = {}
  /** Purged, but some slot was seen with it. */
  readonly #leaving = new Map<string, MapModule>()

  /** @param uids of modules that are in slots @returns modules that are gone since the last call, by UID */
  update({ startedAt, modules }: SlotMapState, uids: { has(uid: string): boolean }): Map<string, MapModule> {
    if (startedAt !== this.#host) this.#reset()
    this.#host = startedAt
    for (const [uid, module] of Object.entries(this.#known)) {
      // One that was still loading could not be used, and is forgotten: that is no purge.
      if (!Object.hasOwn(modules, uid) && module.state !== 'loading') this.#leaving.set(uid, module)
    }
    // A copy: patches change the state in place.
    this.#known = { ...modules }
    const gone = new Map([...this.#leaving].filter(([uid]) => !uids.has(uid)))
    for (const uid of gone.keys()) this.#leaving.delete(uid)
    return gone
  }

  /** Another host: what it does not have was not purged. */
  #reset(): void {
    this.#known = {}
    this.#leaving.clear()
  }
}
