/** How a thread or the whole process ends in the middle of things. Each has a child of its own. */
import { deepStrictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { Anything, Case, World } from '../case.ts'
import { warmslot } from '../world.ts'

const text = `(module (import "e" "f" (func $f (param i32) (result i32))) (memory (export "m") 1 16)
  (func (export "host") (param i32) (result i32) (i32.store (i32.const 0) (local.get 0)) (call $f (local.get 0)))
  (func (export "spin") (loop $l (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (br $l)))
  (func (export "touch") (param i32) (result i32) (memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536)))
    (memory.grow (local.get 0))))`

function alone(name: string, run: (world: World) => unknown, rest: Partial<Case> = {}): Case {
  return { name, alone: true, run, ...rest }
}

/** Calls `f` in the middle of a call into the instance. */
function within(name: string, f: () => unknown, rest: Partial<Case> = {}): Case {
  return alone(name, async ({ open }) => (await open(text, { e: { f } })).exports['host'](1), rest)
}

const engineUrl = new URL('../../../dist/index.js', import.meta.url).href
const watUrl = new URL('../../support/wat.ts', import.meta.url).href

/** A worker with an engine of its own; `body` has `engine`, `module` and `parentPort`. */
function worker(body: string, options: ConstructorParameters<typeof Worker>[1] = {}): Worker {
  const source = `
    import { parentPort } from 'node:worker_threads'
    import { Engine } from ${JSON.stringify(engineUrl)}
    import { wat } from ${JSON.stringify(watUrl)}
    const engine = new Engine({ slots: 4, maxMemoryBytes: 2 ** 20 })
    const module = await engine.compile(wat(${JSON.stringify(text)}))
    ${body}`
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), options)
}

const spinning = `const use = engine.instantiate(module, { e: { f: () => 0 } })
  parentPort.postMessage('spinning')
  use.exports.spin()`
const calling = `for (;;) {
    const use = engine.instantiate(module, { e: { f: Number } })
    use.exports.touch(1)
    new Uint8Array(use.exports.m.buffer).fill(1)
    use.release()
  }`
const making = `for (;;) {
    const other = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
    const again = await other.compile(wat('(module (memory (export "m") 1 16))'))
    const use = other.instantiate(again)
    for (let pages = 0; pages < 15; pages++) use.memory.grow(1), use.memory.buffer
    use.release()
  }`

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const inPool = { only: 'pool' } as const

/** Ends a worker in the midst of `body`, several times, and looks whether an engine of this thread still works. */
function ended(
  name: string,
  body: string,
  end: (one: Worker) => Promise<unknown>,
  rest: Partial<Case> = {},
): Case {
  return alone(
    name,
    async ({ open }) => {
      const { exports } = await open(text, { e: { f: Number } })
      for (let round = 0; round < 10; round++) {
        const one = worker(`parentPort.postMessage('ready')\n${body}`)
        await once(one, 'message')
        await pause(round * 2)
        await end(one)
        deepStrictEqual(exports['host'](round), round)
      }
    },
    { ...inPool, ...rest },
  )
}

const terminate = (one: Worker): Promise<number> => one.terminate()

const suspending = (WebAssembly as Anything).Suspending as unknown

export const processEnd: readonly Case[] = [
  within('process.exit in a callback', () => process.exit(7)),
  within('process.exit in a callback, with an exit handler that sets another status', () => {
    process.on('exit', () => (process.exitCode = 9))
    process.exit()
  }),
  within('process.abort in a callback', () => process.abort()),
  within('an exception that nobody catches, thrown through wasm', () => {
    throw new Error('uncaught')
  }),
  ...(['SIGTERM', 'SIGKILL', 'SIGSEGV', 'SIGBUS'] as const).map((signal) =>
    within(`${signal} sent to itself in a callback`, () => process.kill(process.pid, signal)),
  ),
  within('a signal with a handler, in a callback', () => {
    process.on('SIGUSR2', () => process.exit(5))
    process.kill(process.pid, 'SIGUSR2')
    setTimeout(() => undefined, 5_000)
  }),
  within('a promise that is never settled, and the end of the program', () => {
    void new Promise(() => undefined)
  }),
  within(
    "the JavaScript heap's own exhaustion, in a callback",
    () => {
      const kept: unknown[] = []
      for (;;) kept.push(Array.from({ length: 1_000 }, () => ({})))
    },
    { node: ['--max-old-space-size=60'] },
  ),
  alone(
    'growth to the limit with all pages touched, little address space left',
    async ({ open }) => {
      const { exports } = await open(text, { e: { f: Number } })
      const kept = []
      try {
        for (;;) kept.push(new ArrayBuffer(2 ** 32))
      } catch {
        for (let page = 0; page < 16; page++) exports['touch'](1)
      }
      kept.length = 0
    },
    { shell: 'ulimit -v 1200000000' },
  ),
  alone(
    'an engine where the address space is too small',
    async () => {
      const refused = new warmslot.Engine({ slots: 1_000 })
      await refused.close()
    },
    { ...inPool, status: 1, shell: 'ulimit -v 1200000000' },
  ),
  alone(
    'an engine in a worker whose heap is exhausted',
    async () => {
      const one = worker(`const kept = []; for (;;) kept.push(Array.from({ length: 1000 }, () => ({})))`, {
        resourceLimits: { maxOldGenerationSizeMb: 30 },
      })
      const [error] = await once(one, 'error')
      deepStrictEqual(error.code, 'ERR_WORKER_OUT_OF_MEMORY')
    },
    inPool,
  ),
  alone(
    'process.exit in a callback within a worker',
    async () => {
      const one = worker(`engine.instantiate(module, { e: { f: () => process.exit(3) } }).exports.host(1)`)
      deepStrictEqual((await once(one, 'exit'))[0], 3)
    },
    inPool,
  ),
  alone(
    'process.exit in the main thread while workers call, make engines and spin',
    async () => {
      const workers = [spinning, calling, making].map((body) =>
        worker(`parentPort.postMessage('ready')\n${body}`),
      )
      await Promise.all(workers.map((one) => once(one, 'message')))
      process.exit(6)
    },
    { ...inPool, status: 6 },
  ),
  alone(
    "the main thread's program ends while a worker's engine goes on",
    async () => {
      worker(
        `setTimeout(() => process.exit(0), 200)\n${calling.replace('for (;;)', 'for (let i = 0; i < 20; i++)')}`,
      )
    },
    inPool,
  ),
  ended('terminateWorker in the midst of a call that does not return', spinning, warmslot.terminateWorker),
  ended('terminateWorker in the midst of uses', calling, warmslot.terminateWorker),
  ended('terminateWorker while engines, slots and views are made', making, warmslot.terminateWorker),
  ended(
    'terminateWorker while a call is suspended (JSPI)',
    `
    const use = engine.instantiate(module, { e: { f: new WebAssembly.Suspending(() => new Promise(() => {})) } })
    const waiting = use.promising('host')(1)
    setInterval(() => undefined, 1000)`,
    warmslot.terminateWorker,
    { present: () => suspending !== undefined },
  ),
  ended('worker.terminate() in the midst of a call that does not return', spinning, terminate),
  ended(
    'worker.terminate() in the midst of uses (documented: it can abort the process)',
    calling,
    terminate,
    {
      limit:
        'documented: worker.terminate() can abort the process while a worker makes a view; use terminateWorker',
    },
  ),
  ended(
    'worker.terminate() while engines, slots and views are made (documented: it can abort the process)',
    making,
    terminate,
    {
      limit:
        'documented: worker.terminate() can abort the process while a worker makes engines; use terminateWorker',
    },
  ),
]
