/** An engine in a worker thread: its own slots, and nothing of its images left when the thread ends, in whatever way. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import { mappingsOf } from './support/kernel.ts'
import { wat } from './support/wat.ts'

const engineUrl = new URL('../dist/index.js', import.meta.url).href
const bytes = wat(`(module (memory (export "memory") 2) (data (i32.const 0) "\\05")
  (func (export "next") (result i32)
    (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
    (i32.load8_u (i32.const 0))))`)

function workerWith(label: string, afterwards: string): Worker {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { Engine } from ${JSON.stringify(engineUrl)}
    const engine = new Engine({ slots: 4, maxMemoryBytes: 2 ** 20 })
    const module = await engine.compile(workerData, { label: ${JSON.stringify(label)} })
    const results = []
    for (let use = 0; use < 20; use++) {
      const instance = engine.instantiate(module)
      results.push(instance.exports.next() + new Uint8Array(instance.exports.memory.buffer)[0])
      instance.release()
    }
    parentPort.postMessage(results)
    ${afterwards}`
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: bytes })
}

it.each([
  ['ends by itself', ''],
  ['closes its engine', 'await engine.close()'],
  [
    'is terminated while it runs a use',
    'for (;;) { const one = engine.instantiate(module); one.exports.next(); one.release() }',
  ],
])('a worker that %s', async (how, afterwards) => {
  const label = `worker-${how.replaceAll(' ', '-')}`
  const worker = workerWith(label, afterwards)
  const [results] = await once(worker, 'message')
  expect(results).toEqual(Array.from({ length: 20 }, () => 12))
  if (how.startsWith('is terminated')) await worker.terminate()
  else await once(worker, 'exit')
  expect(mappingsOf(label)).toEqual([])
})

it('engines of several threads work side by side', async () => {
  const engine = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
  const module = await engine.compile(bytes, { label: 'main-thread' })
  const workers = [1, 2, 3].map((number) => workerWith(`beside-${number}`, ''))
  const messages = Promise.all(workers.map((worker) => once(worker, 'message')))
  const exits = Promise.all(workers.map((worker) => once(worker, 'exit')))
  for (let use = 0; use < 200; use++) {
    const instance = engine.instantiate(module)
    expect((instance.exports['next'] as () => number)()).toBe(6)
    instance.release()
  }
  for (const [results] of await messages) expect(results).toHaveLength(20)
  await exits
  expect(await module.dispose()).toMatchObject({ complete: true, kernel: { mappings: 0, descriptors: 0 } })
  await engine.close()
})
