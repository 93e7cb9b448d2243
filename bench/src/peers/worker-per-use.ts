/**
 * A worker thread for each use, as many do it who want a guest isolated and its memory back: the module is compiled once
 * and handed over, the thread instantiates it, calls, answers and ends. A use lasts until the thread is gone.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { GuestWork } from '../guests/guest-works.ts'
import type { Side } from './side.ts'

/** JavaScript, so that no worker has to strip types first. */
const program = `
  const { parentPort, workerData: { module, argument } } = require('node:worker_threads')
  parentPort.postMessage(new WebAssembly.Instance(module).exports.run(argument))
`

async function useOnce(module: WebAssembly.Module, argument: number): Promise<void> {
  const worker = new Worker(program, { eval: true, workerData: { module, argument } })
  const [[answer], [code]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
    [unknown],
    [number],
  ]
  if (code !== 0 || typeof answer !== 'number') throw new Error(`a worker ended with ${code}`)
}

/** Without uses that disturb: a new thread knows of none before. */
export async function workerPerUseSide({ guest, argument }: GuestWork): Promise<Side> {
  const module = await WebAssembly.compile(guest)
  return {
    share: 1 / 250,
    async round(uses) {
      const durations = new Float64Array(uses)
      for (let index = 0; index < uses; index += 1) {
        const before = performance.now()
        await useOnce(module, argument)
        durations[index] = performance.now() - before
      }
      return durations
    },
  }
}
