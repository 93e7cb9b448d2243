/** What the workers' pools count, for metrics. */
import type { EngineMetrics } from '@warmslot/engine'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerPool } from './worker-pool.ts'

/** How long workers are waited for when metrics are read, in milliseconds: a busy one answers after its guest. */
const answerWithinMs = 500

/** Of one worker. */
export interface PoolNumbers {
  readonly worker: string
  readonly slots: Readonly<Record<string, number>>
  readonly instances: Readonly<Record<string, number>>
}

/** Of the workers that answer in time. */
export async function numbersOf(workers: WorkerPool): Promise<PoolNumbers[]> {
  const numbers: PoolNumbers[] = []
  const answers = workers.threads.map(async (thread) => {
    const { pool, instances: made } = await thread.request<EngineMetrics>({ type: 'metrics' })
    const { untouched, withoutAffinity, affine, inUse, queued, retired } = pool
    const { warm, fresh, failed, deadlineExceeded } = made
    numbers.push({
      worker: String(thread.number),
      slots: { untouched, withoutAffinity, affine, inUse, queued, retired },
      instances: { warm, fresh, failed, deadlineExceeded },
    })
  })
  await Promise.race([Promise.allSettled(answers), sleep(answerWithinMs, undefined, { ref: false })])
  return [...numbers]
}
