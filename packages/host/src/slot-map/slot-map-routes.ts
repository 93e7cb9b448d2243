/** The slot map: a page that draws every slot of every worker, and its state as server-sent events. */
import type { Route } from '../http/router.ts'
import type { ModuleRegistry } from '../modules/module-registry.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'

export function slotMapRoutes(_modules: ModuleRegistry, _workers: WorkerPool, _ending: AbortSignal): Route[] {
  return []
}
