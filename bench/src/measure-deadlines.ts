/**
 * What deadlines cost, and how late they come.
 *
 * Cost: the same long work in two engines, one with `deadlines: true` and a deadline far away, one without, turn by turn:
 *
 *     without | with | with | without | without | ...
 *
 * Each turn is timed by itself. Before, both have worked until V8 has optimised what it would.
 * Lateness: a guest that spins is given a few milliseconds, again and again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { longWork, type LongWork, type Turn } from '@warmslot/demo/long-work'
import type { Instantiate } from '@warmslot/demo/module'
import { DeadlineExceededError, Engine } from '@warmslot/engine'

import { spinningGuest } from './guests/spinning-guest.ts'
import { type Distribution, distributionOf, type Ratio, ratioOf } from './statistics.ts'

export interface DeadlineCost {
  readonly name: string
  readonly title: string
  readonly without: Distribution
  readonly with: Distribution
  /** With over without. */
  readonly ratio: Ratio
}

export interface DeadlineResults {
  readonly costs: readonly DeadlineCost[]
  /** From the deadline to the error, in microseconds. */
  readonly lateness: Distribution
  /** The deadline that was given. */
  readonly deadlineMs: number
}

const farMs = 1_000_000_000
const deadlineMs = 5
const maxMemoryBytes = 256 * 2 ** 20

async function prepare({ demo, prepare: begin }: LongWork, engine: Engine, far: boolean): Promise<Turn> {
  const module = await engine.compile(await demo.bytes(), { label: demo.name })
  const instantiate: Instantiate = (imports) =>
    engine.instantiate(
      module,
      typeof imports === 'function' ? (one) => imports(one.memory as unknown as WebAssembly.Memory) : imports,
      far ? { deadlineMs: farMs } : {},
    )
  return begin(instantiate)
}

function timeOf(turn: Turn, expected: string): number {
  const before = performance.now()
  const result = turn()
  const duration = performance.now() - before
  if (result !== expected) throw new Error(`a turn gave ${result} instead of ${expected}`)
  return duration
}

async function measureCost(work: LongWork, turnsMs: number): Promise<DeadlineCost> {
  const engines = [false, true].map((deadlines) => new Engine({ slots: 1, maxMemoryBytes, deadlines }))
  const [plain, checked] = await Promise.all(
    engines.map((engine, index) => prepare(work, engine, index === 1)),
  )
  const expected = plain!()
  const times: [number[], number[]] = [[], []]
  for (const timed of [false, true]) {
    const until = performance.now() + turnsMs
    for (let round = 0; performance.now() < until || round < 10; round += 1) {
      for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const duration = timeOf(side === 0 ? plain! : checked!, expected)
        if (timed) times[side === 0 ? 0 : 1].push(duration)
      }
    }
    // Lets V8 put optimised code in place.
    await sleep(200)
  }
  const [without, with_] = times.map((list) => distributionOf(Float64Array.from(list))) as [
    Distribution,
    Distribution,
  ]
  return {
    name: work.demo.name,
    title: `${work.demo.name}: ${work.work}`,
    without,
    with: with_,
    ratio: ratioOf(with_, without),
  }
}

async function measureLateness(stops: number): Promise<Distribution> {
  await using engine = new Engine({ slots: 1, deadlines: true })
  const module = await engine.compile(spinningGuest())
  const late = new Float64Array(stops)
  for (let stop = 0; stop < stops; stop += 1) {
    const start = performance.now()
    const instance = engine.instantiate(module, undefined, { deadlineMs })
    try {
      ;(instance.exports['run'] as () => void)()
    } catch (error) {
      if (!DeadlineExceededError.isInstance(error)) throw error
    }
    late[stop] = performance.now() - start - deadlineMs
    instance.release()
  }
  return distributionOf(late)
}

/** @param modules names of the demo's modules; @param turnsMs how long each is measured */
export async function measureDeadlines(
  modules: readonly string[],
  turnsMs: number,
  stops: number,
): Promise<DeadlineResults> {
  const costs: DeadlineCost[] = []
  for (const work of longWork) {
    if (modules.includes(work.demo.name)) costs.push(await measureCost(work, turnsMs))
  }
  return { costs, lateness: await measureLateness(stops), deadlineMs }
}
