/**
 * A worker thread that does uses, natively or in a pool of its own, for the time that it is told.
 *
 * Posts `ready`, waits for a number of milliseconds, and posts the durations.
 */
import { Engine } from '@warmslot/engine'
import { parentPort, workerData } from 'node:worker_threads'

import { tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'
import { callExport } from '../uses/use-case.ts'

export interface ThreadData {
  readonly side: 'native' | 'pooled'
  readonly pages: number
}

/** So many durations are kept at most. */
const mostDurations = 200_000

const { side, pages } = workerData as ThreadData
const port = parentPort!

const bytes = tenMebibyteGuest()
const native = new WebAssembly.Module(bytes)
const engine = new Engine({ slots: 4, maxMemoryBytes: 16 * 2 ** 20 })
const module = await engine.compile(bytes)
const imports = {}
const use =
  side === 'native'
    ? () => callExport(new WebAssembly.Instance(native).exports, 'run', pages)
    : () => {
        const instance = engine.instantiate(module, imports)
        const result = callExport(instance.exports, 'run', pages)
        instance.release()
        return result
      }
for (let untimed = 0; untimed < 100; untimed += 1) use()
port.on('message', (durationMs: number) => {
  const durations: number[] = []
  const end = performance.now() + durationMs
  for (let start = performance.now(); start < end && durations.length < mostDurations;) {
    use()
    const now = performance.now()
    durations.push(now - start)
    start = now
  }
  port.postMessage(Float64Array.from(durations))
  port.unref()
})
port.postMessage('ready')
