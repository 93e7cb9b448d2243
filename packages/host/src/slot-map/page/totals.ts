/** What slots come to: of each module, over all workers, and of each worker. */
import type { SlotMapState } from './slot-map-state.ts'

export interface ModuleTotals {
  slots: number
  warm: number
  inUse: number
  hits: number
  residentBytes: number
}

export interface Totals {
  /** By UID, of modules that have slots. */
  readonly modules: ReadonlyMap<string, Readonly<ModuleTotals>>
  /** By number: how many slots hold a module. */
  readonly workers: ReadonlyMap<string, number>
}

export function noTotals(): ModuleTotals {
  return { slots: 0, warm: 0, inUse: 0, hits: 0, residentBytes: 0 }
}

export function totalsOf(state: SlotMapState): Totals {
  const modules = new Map<string, ModuleTotals>()
  const workers = new Map<string, number>()
  for (const [number, { slots }] of Object.entries(state.workers)) {
    let used = 0
    for (const { module, state: slotState, warm, hits, residentBytes = 0 } of Object.values(slots)) {
      if (module === undefined) continue
      used += 1
      const sum = modules.get(module) ?? noTotals()
      modules.set(module, sum)
      sum.slots += 1
      sum.warm += warm ? 1 : 0
      sum.inUse += slotState === 'in-use' ? 1 : 0
      sum.hits += hits
      sum.residentBytes += residentBytes
    }
    workers.set(number, used)
  }
  return { modules, workers }
}
