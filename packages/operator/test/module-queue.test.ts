/** What the queue of Modules does with loads that nobody wants any more, and with Modules that wait for their bytes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Outcome } from '../src/controller/controller-options.ts'
import { ModuleQueue } from '../src/controller/module-queue.ts'
import { WorkQueueMetrics } from '../src/kubernetes/queue/work-queue-metrics.ts'
import { OperatorMetrics } from '../src/metrics.ts'
import type { Module } from '../src/resource/module.ts'
import { module } from './support/host-records.ts'
import { ManualClock, settle } from './support/manual-clock.ts'

const key = 'ns/m'
let metrics: OperatorMetrics
let queue: ModuleQueue
let stored: Module | undefined
/** Each reconciliation until it is ended. */
let signals: AbortSignal[]

beforeEach(() => {
  metrics = new OperatorMetrics()
  stored = module()
  signals = []
  queue = new ModuleQueue({
    store: { get: () => stored } as never,
    reconcile: async (_, signal) => {
      signals.push(signal)
      await sleep(60_000, undefined, { signal }).catch(() => signal.throwIfAborted())
      return 'settled'
    },
    concurrency: 2,
    retryMs: 1_000,
    metrics,
    queueMetrics: new WorkQueueMetrics(metrics.registry),
    log: pino({ level: 'silent' }),
  })
})
afterEach(() => queue[Symbol.asyncDispose]())

async function results(): Promise<Record<string, number>> {
  const { values } = await metrics.reconciles.get()
  return Object.fromEntries(values.map(({ labels, value }) => [labels['result'], value]))
}

async function begun(count: number): Promise<void> {
  await vi.waitFor(() => expect(signals).toHaveLength(count))
}

it('a load is ended when its Module is deleted, which is no error, and the Module is looked at again', async () => {
  queue.add(key)
  await begun(1)
  stored = module({ metadata: { ...module().metadata, deletionTimestamp: new Date() as never } })
  queue.add(key)
  queue.endLoad(key)
  await begun(2)
  expect(await results()).toEqual({ requeue: 1 })
  // The release of a deleted one is no load.
  queue.endLoad(key)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
})

it('a load is ended when its Module has gone altogether', async () => {
  queue.add(key)
  await begun(1)
  stored = undefined
  queue.forget(key)
  await vi.waitFor(async () => expect(await results()).toEqual({ requeue: 1 }))
  queue.endLoad('ns/other')
})

it('all are ended with the queue', async () => {
  queue.add(key)
  queue.add('ns/other')
  await begun(2)
  await queue[Symbol.asyncDispose]()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  expect(await results()).toEqual({ error: 2 })
})

it('a Module whose bytes are awaited is left alone until somebody says that they are here; the next pause is longer all the same', async () => {
  const clock = new ManualClock()
  const outcomes: Outcome[] = ['again', 'awaited', 'again', 'settled', 'again']
  await using awaiting = new ModuleQueue({
    store: { get: () => stored } as never,
    reconcile: async () => outcomes.shift()!,
    concurrency: 1,
    retryMs: 60_000,
    metrics,
    queueMetrics: new WorkQueueMetrics(new OperatorMetrics().registry),
    log: pino({ level: 'silent' }),
    clock,
  })
  /** A little more by chance. */
  const pause = async (ms: number): Promise<void> => {
    await settle()
    expect(clock.pendingMs).toHaveLength(1)
    expect(clock.pendingMs[0]).toBeGreaterThanOrEqual(ms)
    expect(clock.pendingMs[0]).toBeLessThan(ms * 1.3)
  }
  awaiting.add(key)
  await pause(500)
  await clock.advance(1_000)
  expect([outcomes.length, clock.pendingMs]).toEqual([3, []])
  awaiting.add(key)
  await pause(1_000)
  await clock.advance(2_000)
  expect([outcomes.length, clock.pendingMs]).toEqual([1, []])
  awaiting.add(key)
  await pause(500)
})
