/* oxlint-disable unicorn/require-post-message-target-origin -- the target is a worker */
/** `module.kernelTraces()`: what the kernel still has of a module, whichever thread it is in, until it is gone from all. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, it } from 'vitest'

import { sectionId } from '../src/binary/module-structure.ts'
import { Engine, terminateWorker } from '../src/index.ts'
import { descriptorsOf, mappingsOf } from './support/kernel.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 6, maxMemoryBytes: 2 ** 20 })
afterAll(() => engine.close())

/** In memories 0 and 2: `(data (i32.const 0) "a")`, which the assembler knows for memory 0 only. */
const segments = [2, 0, 0x41, 0, 0x0b, 1, 0x61, 2, 2, 0x41, 0, 0x0b, 1, 0x61]
/** Two images, and a memory that has none. */
const bytes = Uint8Array.of(
  ...wat('(module (memory 1) (memory 1) (memory 1))'),
  sectionId.data,
  segments.length,
  ...segments,
)

const gone = { mappings: 0, descriptors: 0 }

it('of all images of the module, and of it alone', async () => {
  await using other = await engine.compile(bytes, { label: 'traced-too' })
  engine.instantiate(other).release()
  const module = await engine.compile(bytes, { label: 'traced' })
  expect(await module.kernelTraces()).toEqual({ mappings: 0, descriptors: 2 })
  using instance = engine.instantiate(module)
  expect(await module.kernelTraces()).toEqual({ mappings: 2, descriptors: 2 })
  expect(mappingsOf('traced')).toHaveLength(2)
  const disposing = module.dispose()
  await new Promise((resolve) => setTimeout(resolve, 20))
  // In use: nothing has left its slots yet.
  expect(await module.kernelTraces()).toEqual({ mappings: 2, descriptors: 2 })
  instance.release()
  expect((await disposing).kernel).toEqual(gone)
  expect(await module.kernelTraces()).toEqual(gone)
  expect(await other.kernelTraces()).toEqual({ mappings: 2, descriptors: 2 })
})

it('a module without data has none', async () => {
  await using module = await engine.compile(wat('(module (memory 1))'))
  using _instance = engine.instantiate(module)
  expect(await module.kernelTraces()).toEqual(gone)
})

it('also in other threads, until the last has dropped it', async () => {
  const module = await engine.compile(bytes, { label: 'traced-in-threads' })
  const source = `
    import { parentPort } from 'node:worker_threads'
    import { Engine } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    const engine = new Engine({ slots: 4, maxMemoryBytes: 2 ** 20 })
    parentPort.once('message', async (shared) => {
      const module = await engine.deserialize(shared)
      engine.instantiate(module).release()
      parentPort.postMessage(await module.kernelTraces())
      parentPort.once('message', async () => {
        await module.dispose()
        parentPort.postMessage(await module.kernelTraces())
      })
    })`
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const workers = [new Worker(url), new Worker(url)]
  const shared = await module.share()
  const seen: unknown[] = []
  for (const worker of workers) {
    worker.postMessage(shared)
    const [traces] = await once(worker, 'message')
    seen.push(traces)
  }
  expect(seen).toEqual([
    { mappings: 2, descriptors: 4 },
    { mappings: 4, descriptors: 6 },
  ])
  expect((await module.dispose()).complete).toBe(true)
  expect(await module.kernelTraces()).toEqual({ mappings: 4, descriptors: 4 })
  for (const left of [2, 0]) {
    const worker = workers.pop()!
    worker.postMessage('drop it')
    const [traces] = await once(worker, 'message')
    expect(traces).toEqual({ mappings: left, descriptors: left })
    expect(await module.kernelTraces()).toEqual(traces)
    await terminateWorker(worker)
  }
  expect([...mappingsOf('traced-in-threads'), ...descriptorsOf('traced-in-threads')]).toEqual([])
})
