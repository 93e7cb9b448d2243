/** Random histories of a WorkQueue against a model. After every step both have started the same keys, in the same order. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { WorkQueue } from '../../src/index.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const backOff = { initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0 }
const keys = fc.constantFrom('a', 'b', 'c', 'd')

type Step =
  | { readonly do: 'add' | 'retry' | 'forget' | 'succeed' | 'fail'; readonly key: string }
  | { readonly do: 'later' | 'again'; readonly key: string; readonly ms: number }
  | { readonly do: 'advance'; readonly ms: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('add', 'retry', 'forget', 'succeed', 'fail'), key: keys }),
  fc.record({ do: fc.constantFrom('later', 'again'), key: keys, ms: fc.integer({ min: 0, max: 300 }) }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 400 }) }),
)

/** As simple as it can be said. */
class Model {
  readonly started: string[] = []
  waiting: string[] = []
  readonly running = new Set<string>()
  readonly again = new Set<string>()
  readonly later = new Map<string, number>()
  readonly failures = new Map<string, number>()
  nowMs = 0
  readonly #concurrency: number

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  add(key: string): void {
    if (this.running.has(key)) this.again.add(key)
    else if (!this.waiting.includes(key)) this.waiting.push(key)
    this.#begin()
  }

  addAfter(key: string, ms: number): void {
    if (ms <= 0) return this.add(key)
    const dueMs = this.nowMs + ms
    if ((this.later.get(key) ?? Infinity) <= dueMs) return
    // Of those that are due together, the one that was set last comes last.
    this.later.delete(key)
    this.later.set(key, dueMs)
  }

  retry(key: string): void {
    const failures = (this.failures.get(key) ?? 0) + 1
    this.failures.set(key, failures)
    this.addAfter(key, Math.min(backOff.maxMs, backOff.initialMs * 2 ** (failures - 1)))
  }

  end(key: string): void {
    this.running.delete(key)
    if (this.again.delete(key)) this.waiting.push(key)
    this.#begin()
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const [next] = [...this.later].sort(([, a], [, b]) => a - b)
      if (next === undefined || next[1] > endMs) break
      this.nowMs = next[1]
      this.later.delete(next[0])
      this.add(next[0])
    }
    this.nowMs = endMs
  }

  #begin(): void {
    while (this.running.size < this.#concurrency && this.waiting.length > 0) {
      const key = this.waiting.shift()!
      this.running.add(key)
      this.started.push(key)
    }
  }
}

class Real {
  readonly clock = new ManualClock()
  readonly queue = new WorkQueue<string>({ clock: this.clock, backOff })
  readonly started: string[] = []
  readonly ends = new Map<string, PromiseWithResolvers<{ requeueAfterMs?: number } | void>>()

  constructor(concurrency: number) {
    void this.queue.run(
      (key) => {
        if (this.ends.has(key)) throw new Error(`${key} twice at once`)
        this.started.push(key)
        const end = Promise.withResolvers<{ requeueAfterMs?: number } | void>()
        this.ends.set(key, end)
        return end.promise
      },
      { concurrency },
    )
  }

  take(key: string): PromiseWithResolvers<{ requeueAfterMs?: number } | void> {
    const end = this.ends.get(key)!
    this.ends.delete(key)
    return end
  }
}

async function perform(step: Step, model: Model, { queue, clock }: Real, take: Real['take']): Promise<void> {
  if (step.do === 'add') {
    queue.add(step.key)
    model.add(step.key)
  } else if (step.do === 'later') {
    queue.addAfter(step.key, step.ms)
    model.addAfter(step.key, step.ms)
  } else if (step.do === 'retry') {
    queue.addRateLimited(step.key)
    model.retry(step.key)
  } else if (step.do === 'forget') {
    queue.forget(step.key)
    model.failures.delete(step.key)
  } else if (step.do === 'advance') {
    await clock.advance(step.ms)
    model.advance(step.ms)
  } else if (model.running.has(step.key)) {
    if (step.do === 'fail') {
      take(step.key).reject(new Error('failed'))
      model.retry(step.key)
    } else {
      take(step.key).resolve(step.do === 'again' ? { requeueAfterMs: step.ms } : undefined)
      model.failures.delete(step.key)
      if (step.do === 'again') model.addAfter(step.key, step.ms)
    }
    model.end(step.key)
  }
  await settle()
}

test('random histories', { timeout: 120_000 }, async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(
      fc.array(steps, { maxLength: 60, size: 'max' }),
      fc.integer({ min: 1, max: 3 }),
      async (history, concurrency) => {
        const model = new Model(concurrency)
        const real = new Real(concurrency)
        for (const step of history) {
          await perform(step, model, real, (key) => real.take(key))
          expect({
            started: real.started,
            depth: real.queue.depth,
            running: [...real.ends.keys()].sort(),
            delayed: real.queue.delayed,
            failures: ['a', 'b', 'c', 'd'].map((key) => real.queue.failures(key)),
          }).toEqual({
            started: model.started,
            depth: model.waiting.length,
            running: [...model.running].sort(),
            delayed: model.later.size,
            failures: ['a', 'b', 'c', 'd'].map((key) => model.failures.get(key) ?? 0),
          })
        }
      },
    ),
    { numRuns: 300 },
  )
})
