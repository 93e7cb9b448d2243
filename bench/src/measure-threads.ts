/** Uses in one and in two worker threads at the same time, and a worker thread for each use, as many do it today. */
import { terminateWorker } from '@warmslot/engine'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { tenMebibyteGuest } from './guests/ten-mebibyte-guest.ts'
import { type Distribution, distributionOf } from './statistics.ts'
import type { ThreadData } from './threads/worker.ts'

export interface ThreadResult {
  readonly name: string
  readonly title: string
  readonly threads: number
  /** Of all threads together. */
  readonly usesPerSecond: number
  readonly use: Distribution
}

/** Pages that a use writes to. */
const pages = 10

/** @param durationMs of each round; @param workers that serve one use each */
export async function measureThreads(durationMs: number, workers: number): Promise<ThreadResult[]> {
  const results: ThreadResult[] = []
  for (const threads of [1, 2]) {
    for (const side of ['native', 'pooled'] as const)
      results.push(await measureSide(side, threads, durationMs))
  }
  results.push(await measureWorkerForEachUse(workers))
  return results
}

/** JavaScript, since stripping types takes a worker longer than all else. It instantiates what the main thread has compiled. */
const oneUse = `
  const { parentPort, workerData: { compiled, pages } } = require('node:worker_threads')
  parentPort.postMessage(new WebAssembly.Instance(compiled).exports.run(pages))`

function startWorker(workerData: ThreadData): Worker {
  return new Worker(new URL('threads/worker.ts', import.meta.url), { workerData })
}

async function measureSide(
  side: 'native' | 'pooled',
  threads: number,
  durationMs: number,
): Promise<ThreadResult> {
  const workers = Array.from({ length: threads }, () => startWorker({ side, pages }))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const answers = workers.map((worker) => once(worker, 'message'))
  for (const worker of workers) worker.postMessage(durationMs, [])
  const rounds = (await Promise.all(answers)).map(([durations]) => durations as Float64Array)
  await Promise.all(workers.map(terminateWorker))
  const all = rounds.reduce((sum, { length }) => sum + length, 0)
  const spentMs = Math.max(...rounds.map((durations) => durations.reduce((sum, one) => sum + one, 0)))
  return {
    name: `${side}-${threads}`,
    title: `${side}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    threads,
    usesPerSecond: (all / spentMs) * 1000,
    use: distributionOf(Float64Array.from(rounds.flatMap((durations) => Array.from(durations)))),
  }
}

async function measureWorkerForEachUse(workers: number): Promise<ThreadResult> {
  const compiled = new WebAssembly.Module(tenMebibyteGuest())
  const durations = new Float64Array(workers)
  for (let count = 0; count < workers; count += 1) {
    const start = performance.now()
    const worker = new Worker(oneUse, { eval: true, workerData: { compiled, pages } })
    // A worker that ends at once may say both in one turn.
    const ended = once(worker, 'exit')
    const [result] = (await once(worker, 'message')) as [number]
    durations[count] = performance.now() - start
    if (result !== pages * 102_400) throw new Error(`the worker said ${result}`)
    await ended
  }
  const use = distributionOf(durations)
  return {
    name: 'worker-each',
    title: 'a worker thread for each use',
    threads: 1,
    usesPerSecond: 1e6 / use.mean,
    use,
  }
}
