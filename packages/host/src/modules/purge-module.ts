/**
 * A purge across the process: every worker clears its slots, the main thread lets go of its images, and then the kernel is asked
 * about the whole process. Only what the kernel says makes it complete; until then it is tried again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerPool } from '../workers/worker-pool.ts'
import type { HostModule, HostReceipt, ModuleIdentity } from './host-module.ts'

const firstPauseMs = 20
const longestPauseMs = 5_000

/** What the main thread and the kernel say. */
type Traces = Pick<HostReceipt, 'complete' | 'kernel'>

/**
 * Ends when the purge is complete; `module.receipt` says meanwhile how far it is.
 * @param instance of this host
 */
export async function purgeModule(
  module: HostModule,
  workers: WorkerPool,
  instance: string,
): Promise<HostReceipt> {
  const startedAt = new Date()
  const start = performance.now()
  await drain(module)
  module.state = 'purging'
  for (let attempts = 1; ; attempts += 1) {
    // Where the kernel cannot be asked (no descriptor is left, say), nothing is known: it is asked again.
    const found = await clearAndAsk(module, workers).catch(() => undefined)
    if (found !== undefined) {
      module.receipt = {
        ...module.identity,
        instance,
        loaded: true,
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
    await pause(attempts)
  }
}

/**
 * Takes back what a module that cannot be used has got so far. Ends when nothing of it is left. Workers, which may be busy for long,
 * are told only where something is: most of these modules never came so far.
 */
export async function discardModule(module: HostModule, workers: WorkerPool): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    const found = await letGoAndAsk(module).catch(() => undefined)
    if (found?.complete === true) return
    await workers.purge(module.identity.uid)
    await pause(attempts)
  }
}

/** Of a module that this process has never had: there is nothing to clear, and nothing that the kernel could be asked for. */
export function receiptOfNothing(identity: ModuleIdentity, instance: string): HostReceipt {
  const now = new Date().toISOString()
  return {
    ...identity,
    instance,
    loaded: false,
    complete: true,
    kernel: { mappings: 0, descriptors: 0 },
    workers: [],
    attempts: 0,
    startedAt: now,
    finishedAt: now,
    durationMs: 0,
  }
}

/** One attempt. @throws what keeps the kernel from answering */
async function clearAndAsk(
  module: HostModule,
  workers: WorkerPool,
): Promise<Traces & Pick<HostReceipt, 'workers'>> {
  const receipts = await workers.purge(module.identity.uid)
  const { complete, kernel } = await letGoAndAsk(module)
  return { complete: complete && receipts.every((one) => one.complete), kernel, workers: receipts }
}

/** @throws what keeps the kernel from answering */
async function letGoAndAsk({ pooled }: HostModule): Promise<Traces> {
  const kernel = { mappings: 0, descriptors: 0 }
  let complete = true
  for (const one of pooled) {
    const own = await one.dispose()
    const { mappings, descriptors } = await one.kernelTraces()
    kernel.mappings += mappings
    kernel.descriptors += descriptors
    complete &&= own.complete
  }
  return { complete: complete && kernel.mappings === 0 && kernel.descriptors === 0, kernel }
}

async function pause(attempts: number): Promise<void> {
  const pauseMs = Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs)
  await sleep(pauseMs, undefined, { ref: false })
}

/** Requests that were accepted are answered first; their time limits bound the wait. */
async function drain(module: HostModule): Promise<void> {
  module.state = 'draining'
  if (module.requests === 0) return
  await new Promise<void>((resolve) => {
    module.drained = resolve
  })
}
