/**
 * Random histories of three processes: they are stopped and go on, their network fails in every way, they start and stop. Time goes by
 * for all alike, but timers of a process that is stopped do not run. At no moment may two say that they lead.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ApiState } from '../support/api-state.ts'
import { Candidate } from '../support/candidate.ts'
import { settle } from '../support/manual-clock.ts'
import type { Fault } from '../support/memory-cluster.ts'

type Step = { readonly who: number } & (
  | { readonly do: 'fault'; readonly fault: Fault }
  | { readonly do: 'freeze' | 'thaw' | 'restart' | 'arrive' | 'endLead' }
  | { readonly do: 'pass'; readonly ms: number }
)

const who = fc.integer({ min: 0, max: 2 })
const faults = fc.constantFrom<Fault[]>('none', 'none', 'refuse', 'lost', 'answerLost', 'hang', 'late')
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ who, do: fc.constant('fault' as const), fault: faults }) },
  {
    weight: 2,
    arbitrary: fc.record({ who, do: fc.constantFrom('freeze', 'thaw', 'restart', 'arrive', 'endLead') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ who, do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  },
)

const stepMs = 500

class Election {
  readonly #state = new ApiState()
  readonly #candidates: Candidate[] = []
  readonly #frozen = new Set<number>()
  #names = 0
  /** How often somebody led. */
  terms = 0

  constructor() {
    for (let index = 0; index < 3; index += 1) this.#candidates.push(this.#make())
  }

  async take(step: Step): Promise<void> {
    const candidate = this.#candidates[step.who]!
    if (step.do === 'fault') candidate.cluster.fault = step.fault
    else if (step.do === 'freeze') this.#frozen.add(step.who)
    else if (step.do === 'thaw') this.#frozen.delete(step.who)
    // A killed process: nothing of it runs any more.
    else if (step.do === 'restart') this.#candidates[step.who] = this.#make()
    else if (this.#frozen.has(step.who) && step.do !== 'pass') return
    else if (step.do === 'arrive') candidate.cluster.letLateArrive()
    else if (step.do === 'endLead') candidate.endLead()
    else if (step.do === 'pass') await this.#pass(step.ms)
    await settle()
    this.#check()
  }

  /** In the end, with all in order, somebody leads. */
  async heal(): Promise<void> {
    this.#frozen.clear()
    this.#candidates.splice(0, Infinity, this.#make(), this.#make())
    await this.#pass(60_000)
    expect(this.#leaders()).toHaveLength(1)
  }

  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      const part = Math.min(stepMs, ms - passed)
      for (const [index, { clock }] of this.#candidates.entries()) {
        if (this.#frozen.has(index)) clock.jump(part)
        else await clock.advance(part)
      }
      this.#check()
    }
  }

  #check(): void {
    const leaders = this.#leaders()
    expect(leaders.length, leaders.join()).toBeLessThanOrEqual(1)
    this.terms += leaders.length
  }

  #leaders(): string[] {
    return this.#candidates.filter(({ elector }) => elector.isLeader()).map(({ elector }) => elector.identity)
  }

  #make(): Candidate {
    this.#names += 1
    return new Candidate(this.#state, `process-${this.#names}`)
  }
}

test('random histories', { timeout: 120_000 }, async () => {
  expect.hasAssertions()
  let terms = 0
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40, size: 'max' }), async (history) => {
      const election = new Election()
      for (const step of history) await election.take(step)
      await election.heal()
      terms += election.terms
    }),
    { numRuns: 100 },
  )
  expect(terms).toBeGreaterThan(100)
})
