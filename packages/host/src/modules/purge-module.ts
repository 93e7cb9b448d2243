/**
 * A purge across the process: every worker clears its slots, the main thread lets go of its images, and then the kernel is asked
 * about the whole process. Only what the kernel says makes it complete; until then it is tried again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerPool } from '../workers/worker-pool.ts'
import type { HostModule, HostReceipt } from './host-module.ts'

const firstPauseMs = 20
const longestPauseMs = 5_000

/** Ends when the purge is complete; `module.receipt` says meanwhile how far it is. */
export async function purgeModule(module: HostModule, workers: WorkerPool): Promise<HostReceipt> {
  const startedAt = new Date()
  const start = performance.now()
  await drain(module)
  module.state = 'purging'
  for (let attempts = 1, pauseMs = firstPauseMs; ; attempts += 1) {
    // Where the kernel cannot be asked (no descriptor is left, say), nothing is known: it is asked again.
    const found = await clearAndAsk(module, workers).catch(() => undefined)
    if (found !== undefined) {
      module.receipt = {
        ...module.identity,
        ...found,
        attempts,
        startedAt: startedAt.toISOString(),
        finishedAt: new Date().toISOString(),
        durationMs: performance.now() - start,
      }
      if (found.complete) {
        module.state = 'purged'
        return module.receipt
      }
    }
    await sleep(pauseMs, undefined, { ref: false })
    pauseMs = Math.min(2 * pauseMs, longestPauseMs)
  }
}

/** One attempt. @throws what keeps the kernel from answering */
async function clearAndAsk(
  { identity, pooled }: HostModule,
  workers: WorkerPool,
): Promise<Pick<HostReceipt, 'complete' | 'kernel' | 'workers'>> {
  const receipts = await workers.purge(identity.uid)
  const own = await pooled?.dispose()
  const kernel = (await pooled?.kernelTraces()) ?? { mappings: 0, descriptors: 0 }
  const nothingLeft = kernel.mappings === 0 && kernel.descriptors === 0
  const complete = nothingLeft && own?.complete !== false && receipts.every((one) => one.complete)
  return { complete, kernel, workers: receipts }
}

/** Requests that were accepted are answered first; their time limits bound the wait. */
async function drain(module: HostModule): Promise<void> {
  module.state = 'draining'
  if (module.requests === 0) return
  await new Promise<void>((resolve) => {
    module.drained = resolve
  })
}
