/** When V8 is asked to give back what it keeps of purged modules. */
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { GarbageCollector, longestDelayMs, quietMs } from '../src/garbage/garbage-collector.ts'
import { collectGarbage } from '../src/garbage/collect-garbage.ts'

let activity = 0
const collect = vi.fn(() => Promise.resolve())
let collector: GarbageCollector

beforeEach(() => {
  vi.useFakeTimers()
  collect.mockReset()
  collector = new GarbageCollector({ collect, activity: () => activity })
})
afterEach(() => {
  collector[Symbol.dispose]()
  vi.useRealTimers()
})

/** Something happens every tenth of a second. */
async function busyFor(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 100) {
    activity += 1
    await vi.advanceTimersByTimeAsync(100)
  }
}

it('nothing is collected where nothing was purged', async () => {
  await vi.advanceTimersByTimeAsync(10 * longestDelayMs)
  expect(collect).not.toHaveBeenCalled()
})

it('once, in a quiet moment, for all that were purged before', async () => {
  collector.purged()
  await busyFor(5 * quietMs)
  collector.purged()
  expect(collect).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(2 * quietMs)
  expect(collect).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(longestDelayMs)
  expect(collect).toHaveBeenCalledOnce()
})

it('once a minute where there is always work', async () => {
  for (let second = 0; second < 180; second += 1) {
    collector.purged()
    await busyFor(1_000)
  }
  expect(collect.mock.calls.length).toBeGreaterThanOrEqual(2)
  expect(collect.mock.calls.length).toBeLessThanOrEqual(3)
})

it('again after one that failed, when the next is purged', async () => {
  collect.mockRejectedValueOnce(new Error('no worker'))
  collector.purged()
  await vi.advanceTimersByTimeAsync(2 * quietMs)
  collector.purged()
  await vi.advanceTimersByTimeAsync(2 * quietMs)
  expect(collect).toHaveBeenCalledTimes(2)
})

it('never once the host ends', async () => {
  collector.purged()
  collector[Symbol.dispose]()
  collector.purged()
  await vi.advanceTimersByTimeAsync(10 * longestDelayMs)
  expect(collect).not.toHaveBeenCalled()
})

it('what nobody refers to is gone after it, and contexts that there are get no new function', async () => {
  vi.useRealTimers()
  const gone = new WeakRef({})
  // A WeakRef holds its target until the job that made it has ended.
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  expect(gone.deref()).toBeUndefined()
  expect('gc' in globalThis).toBe(false)
})

it('threads that ask for the first time at once all collect', async () => {
  vi.useRealTimers()
  const script = `
    const { parentPort, workerData: { start, file } } = require('node:worker_threads')
    import(file).then(({ collectGarbage }) => {
      parentPort.postMessage('ready')
      Atomics.wait(start, 0, 0)
      try {
        collectGarbage()
        parentPort.postMessage('collected')
      } catch (error) {
        parentPort.postMessage(String(error))
      }
    })`
  const file = new URL('../src/garbage/collect-garbage.ts', import.meta.url).href
  const start = new Int32Array(new SharedArrayBuffer(4))
  const count = 12
  const said: string[] = []
  const threads = Array.from({ length: count }, async () => {
    const thread = new Worker(script, { eval: true, workerData: { start, file } })
    const ended = new Promise((resolve) => thread.once('exit', resolve))
    thread.on('message', (text: string) => {
      if (said.push(text) < count) return
      Atomics.store(start, 0, 1)
      Atomics.notify(start, 0)
    })
    await ended
  })
  await Promise.all(threads)
  expect(said.slice(count)).toEqual(Array.from({ length: count }, () => 'collected'))
})
