/** An engine in a worker thread: its own slots, and nothing of its images left when the thread ends, in whatever way. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import { runChild } from './support/child.ts'
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
  // Asked for at once: where this thread is late, Node emits a worker's last message and its end in one go.
  const exited = once(worker, 'exit')
  const [results] = await once(worker, 'message')
  expect(results).toEqual(Array.from({ length: 20 }, () => 12))
  if (how.startsWith('is terminated')) await worker.terminate()
  else await exited
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

/**
 * Ends workers at random moments, one by one or several at once, while they make engines, slots and views. Without top-level await:
 * the V8 of Node 22 can abort where a worker is terminated while it begins to evaluate such a module, whatever is in it.
 */
const terminations = (deadlines: boolean): string => `
  import { Worker } from 'node:worker_threads'
  const { terminateWorker } = warmslot
  const source = ${JSON.stringify(`
    import { parentPort } from 'node:worker_threads'
    import { Engine } from ${JSON.stringify(engineUrl)}
    parentPort.postMessage('loaded')
    const bytes = new Uint8Array(${JSON.stringify([...bytes])})
    const work = async () => { for (;;) {
      const engine = new Engine({ slots: 4, maxMemoryBytes: 64 * 65_536, deadlines: ${deadlines} })
      const module = await engine.compile(bytes, { label: 'terminated' })
      for (let use = 0; use < 30; use++) {
        let instance
        try {
          instance = engine.instantiate(module, undefined, ${deadlines ? '{ deadlineMs: use % 2 ? 1 : 1000 }' : '{}'})
          instance.exports.memory.grow(1 + use)
          instance.exports.next(instance.exports.memory.buffer)
        } catch (error) {
          // A millisecond may be over before the call is: that is no error here.
          if (error.code !== 'WARMSLOT_DEADLINE_EXCEEDED') throw error
        }
        instance?.release()
      }
      void engine.close()
    } }
    work()`)}
  const url = new URL('data:text/javascript,' + encodeURIComponent(source))
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  let ended = 0
  for (let round = 0; round < 50; round++) {
    const workers = Array.from({ length: 1 + (round % 3) }, () => new Worker(url))
    if (round % 2) await new Promise((resolve) => workers[0].once('message', resolve))
    await pause(Math.random() * 25)
    for (const code of await Promise.all(workers.map(terminateWorker))) ended += Number(Number.isInteger(code))
  }
  const { readFileSync } = await import('node:fs')
  console.log(ended, readFileSync('/proc/self/maps', 'utf8').includes(':terminated '))`

const kinds: [string, boolean][] = [
  ['', false],
  ['with deadlines ', true],
]

it.each(kinds)(
  'workers %sended by terminateWorker at any moment do not take the process with them',
  (_, deadlines) => {
    const child = runChild(terminations(deadlines))
    expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
    expect(child.stdout).toBe('99 false\n')
  },
)

it.each(kinds)('process.exit beside busy workers %sends the process as it was told', (_, deadlines) => {
  for (let run = 0; run < 5; run++) {
    const script = terminations(deadlines).replace(
      'await Promise.all(workers.map(terminateWorker))',
      '[process.exit(7)]',
    )
    expect(runChild(script)).toMatchObject({ signal: null, status: 7 })
  }
})

it('workers that have ended by themselves are ended as well, and nothing else keeps the process alive', () => {
  const child = runChild(`
    import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    const workers = Array.from({ length: 3 }, () => new Worker('', { eval: true }))
    await Promise.all(workers.map((worker) => once(worker, 'exit')))
    await Promise.all(workers.map(warmslot.terminateWorker))
    console.log('all')`)
  expect(child).toMatchObject({ status: 0, signal: null, stderr: '', stdout: 'all\n' })
})
