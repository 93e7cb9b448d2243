import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { WorkQueue, WorkQueueMetrics, type WorkQueueOptions } from '../../src/index.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

/** A queue whose handlers end when a test says so. */
class Bench {
  readonly clock: ManualClock = new ManualClock()
  readonly queue: WorkQueue<string>
  readonly started: string[] = []
  readonly signals: AbortSignal[] = []
  readonly #ends = new Map<string, PromiseWithResolvers<{ requeueAfterMs?: number } | void>>()
  readonly done: Promise<void>

  constructor(concurrency = 1, options: WorkQueueOptions<string> = {}) {
    this.queue = new WorkQueue({ clock: this.clock, random: () => 0, ...options })
    this.done = this.queue.run(
      (key, signal) => {
        expect(this.#ends.has(key), `${key} twice at once`).toBe(false)
        this.started.push(key)
        this.signals.push(signal)
        const end = Promise.withResolvers<{ requeueAfterMs?: number } | void>()
        this.#ends.set(key, end)
        return end.promise
      },
      { concurrency },
    )
  }

  async end(key: string, result?: { requeueAfterMs?: number } | Error): Promise<void> {
    const end = this.#ends.get(key)!
    this.#ends.delete(key)
    if (result instanceof Error) end.reject(result)
    else end.resolve(result)
    await settle()
  }
}

describe('order', () => {
  test('first come, first served, each once, as many at once as allowed', async () => {
    const { queue, started } = new Bench(2)
    for (const key of ['a', 'b', 'c', 'a', 'b', 'c']) queue.add(key)
    await settle()
    expect([started, queue.depth, queue.running]).toEqual([['a', 'b'], 1, 2])
  })

  test('a key that is added while it is processed runs once more, afterwards, behind those that wait', async () => {
    const bench = new Bench(1)
    bench.queue.add('a')
    await settle()
    bench.queue.add('a')
    bench.queue.add('b')
    bench.queue.add('a')
    expect([bench.started, bench.queue.depth]).toEqual([['a'], 1])
    await bench.end('a')
    await bench.end('b')
    await bench.end('a')
    expect([bench.started, bench.queue.depth, bench.queue.running]).toEqual([['a', 'b', 'a'], 0, 0])
  })

  test('keys that were added before it runs wait', async () => {
    const queue = new WorkQueue<string>()
    queue.add('a')
    const seen: string[] = []
    const done = queue.run(async (key) => void seen.push(key))
    await queue.drain()
    await done
    expect(seen).toEqual(['a'])
  })
})

describe('later', () => {
  test('of several delays the one that ends first counts, and only once', async () => {
    const { queue, clock, started } = new Bench(5)
    queue.addAfter('a', 1_000)
    queue.addAfter('a', 500)
    queue.addAfter('a', 2_000)
    await clock.advance(499)
    expect([started, queue.delayed]).toEqual([[], 1])
    await clock.advance(1)
    expect([started, queue.delayed]).toEqual([['a'], 0])
    await clock.advance(5_000)
    expect([started, queue.depth]).toEqual([['a'], 0])
  })

  test('no delay is now; a delay that is no number is refused', async () => {
    const { queue, started } = new Bench()
    queue.addAfter('a', 0)
    await settle()
    expect(started).toEqual(['a'])
    expect(() => queue.addAfter('a', Number.NaN)).toThrow(/"delayMs"/)
  })

  test('a handler may ask for it', async () => {
    const bench = new Bench()
    bench.queue.add('a')
    await settle()
    await bench.end('a', { requeueAfterMs: 1_000 })
    await bench.clock.advance(999)
    expect(bench.started).toEqual(['a'])
    await bench.clock.advance(1)
    expect(bench.started).toEqual(['a', 'a'])
  })

  test('a key whose handler throws runs again, later and later up to a limit, and at first again after a success', async () => {
    const errors: unknown[] = []
    const bench = new Bench(1, {
      onError(error, key, failures, retryInMs) {
        errors.push([(error as Error).message, key, failures, retryInMs])
        throw new Error('told in vain')
      },
    })
    bench.queue.add('a')
    const waits = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    for (const [index, wait] of waits.entries()) {
      await settle()
      await bench.end('a', new Error('no'))
      expect(errors.at(-1)).toEqual(['no', 'a', index + 1, wait])
      await bench.clock.advance(wait - 1)
      expect(bench.started).toHaveLength(index + 1)
      await bench.clock.advance(1)
      expect(bench.started).toHaveLength(index + 2)
    }
    expect(bench.queue.failures('a')).toBe(9)
    await bench.end('a')
    expect([bench.queue.failures('a'), bench.queue.delayed]).toEqual([0, 0])
    bench.queue.addRateLimited('a')
    expect(bench.clock.pendingMs).toEqual([500])
  })

  test('waits are random by half', () => {
    const clock = new ManualClock()
    const randoms = [0, 0.5, 0.999_999]
    const queue = new WorkQueue<string>({ clock, random: () => randoms.shift()! })
    for (const key of ['a', 'b', 'c']) queue.addRateLimited(key)
    expect(clock.pendingMs.map(Math.round).sort((a, b) => a - b)).toEqual([250, 375, 500])
  })

  test('each key has its own', async () => {
    const { queue, clock } = new Bench()
    queue.addRateLimited('a')
    queue.addRateLimited('a')
    queue.addRateLimited('b')
    queue.forget('a')
    expect([queue.failures('a'), queue.failures('b')]).toEqual([0, 1])
    expect(clock.pendingMs).toEqual([500, 500])
  })
})

describe('the end', () => {
  test('draining processes what waits, and takes nothing more', async () => {
    const bench = new Bench(1)
    bench.queue.add('a')
    await settle()
    bench.queue.add('a')
    bench.queue.add('b')
    bench.queue.addAfter('late', 100)
    let isDone = false
    void bench.done.then(() => (isDone = true))
    const draining = bench.queue.drain()
    bench.queue.add('more')
    bench.queue.addRateLimited('more')
    expect([bench.queue.delayed, bench.clock.pendingMs]).toEqual([0, []])
    await bench.end('a')
    await bench.end('b')
    expect([bench.started, isDone]).toEqual([['a', 'b', 'a'], false])
    await bench.end('a', new Error('no more tries'))
    await draining
    await bench.done
    expect([bench.started, bench.queue.depth, bench.clock.pendingMs]).toEqual([['a', 'b', 'a'], 0, []])
  })

  test('disposing drops what waits, tells handlers, and waits for them', async () => {
    const bench = new Bench(1)
    bench.queue.add('a')
    await settle()
    bench.queue.add('a')
    bench.queue.add('b')
    bench.queue.addAfter('c', 10)
    let isDisposed = false
    const disposing = bench.queue[Symbol.asyncDispose]().then(() => (isDisposed = true))
    await settle()
    expect([bench.signals[0]!.aborted, isDisposed, bench.clock.pendingMs]).toEqual([true, false, []])
    await bench.end('a', new Error('aborted'))
    await disposing
    await bench.done
    expect([bench.started, bench.queue.depth, bench.clock.pendingMs]).toEqual([['a'], 0, []])
  })

  test.each(['drain', 'dispose'] as const)('%s without ever running ends, too', async (how) => {
    const queue = new WorkQueue<string>()
    queue.add('a')
    await (how === 'drain' ? queue.drain() : queue[Symbol.asyncDispose]())
    expect(queue.depth).toBe(0)
  })
})

test('metrics have the names that dashboards for controllers know', async () => {
  const registry = new Registry()
  const metrics = new WorkQueueMetrics(registry)
  const bench = new Bench(1, { observer: metrics.observer('modules') })
  const end = metrics.watch('modules', bench.queue)
  bench.queue.add('a')
  bench.queue.add('b')
  bench.queue.add('b')
  await settle()
  bench.clock.jump(2_000)
  await bench.end('a', new Error('no'))
  bench.clock.jump(3_000)
  bench.queue.add('c')
  const lines = new Map(
    (await registry.metrics()).split('\n').map((line) => line.split('} ') as [string, string]),
  )
  const read = (name: string): number => Number(lines.get(`${name}{name="modules"`))
  expect({
    depth: read('workqueue_depth'),
    adds: read('workqueue_adds_total'),
    retries: read('workqueue_retries_total'),
    waits: [read('workqueue_queue_duration_seconds_count'), read('workqueue_queue_duration_seconds_sum')],
    works: [read('workqueue_work_duration_seconds_count'), read('workqueue_work_duration_seconds_sum')],
    unfinished: read('workqueue_unfinished_work_seconds'),
    longest: read('workqueue_longest_running_processor_seconds'),
  }).toEqual({ depth: 1, adds: 3, retries: 1, waits: [2, 2], works: [1, 2], unfinished: 3, longest: 3 })
  end()
  expect(await registry.metrics()).not.toContain('workqueue_depth{')
})

test.each([0, 1.5, 1_001])('the concurrency %d is refused', (concurrency) => {
  expect(() => new WorkQueue().run(async () => undefined, { concurrency })).toThrow(/"concurrency"/)
})

test('run is called once', () => {
  const queue = new WorkQueue<string>()
  void queue.run(async () => undefined)
  expect(() => queue.run(async () => undefined)).toThrow(/"run"/)
})
