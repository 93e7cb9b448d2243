/**
 * The rule, as a property: whatever happens, in whatever order, no Module's finalizer is removed while some process still has its image; and once
 * all is well again, every deleted Module goes.
 *
 * Two operators work by turns on the real controllers, each with its own late view; one that was stopped past its lease goes on where it
 * was, and what it has sent still arrives. Requests arrive late, are lost on the way there or back; containers die and start again, kubelets tell late, pods are deleted by force, hosts are cut off,
 * busy, or lie; clocks differ, bytes are not here yet; operators are killed anywhere.
 *
 * The histories are the same in every run, so that a change is judged by itself. WARMSLOT_SIMULATIONS=N makes N new ones; a failure says its seed and
 * path, and WARMSLOT_SIMULATION_SEED=SEED or SEED/PATH runs them again.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { array, assert, asyncProperty, boolean, constantFrom, type Parameters, scheduler } from 'fast-check'
import { moduleUIDs, steps } from './simulation/steps.ts'
import { type Seen, World } from './simulation/world.ts'

const { WARMSLOT_SIMULATIONS: count, WARMSLOT_SIMULATION_SEED: chosen } = process.env
const hourMs = 3_600_000

function parameters(): Parameters<unknown> {
  const numRuns = Number(count ?? 400)
  if (chosen === undefined) return count === undefined ? { numRuns, seed: 20_261_126 } : { numRuns }
  const [, seed, path] = /^(-?\d+)(?:\/([\d:]+))?$/.exec(chosen) ?? []
  if (seed === undefined)
    throw new TypeError(`WARMSLOT_SIMULATION_SEED is SEED or SEED/PATH, not "${chosen}"`)
  return { numRuns, seed: Number(seed), ...(path !== undefined && { path, endOnFailure: true }) }
}

// Nothing here waits: only what the date is must be known.
beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterAll(() => void vi.useRealTimers())

/** Runs histories, and checks each. @returns all that was stored in them, history by history */
async function simulate(chosenParameters: Parameters<unknown>, seen: Seen): Promise<string[][]> {
  const journals: string[][] = []
  const property = asyncProperty(
    scheduler(),
    steps,
    array(boolean(), { maxLength: 60 }),
    array(boolean(), { maxLength: 20 }),
    constantFrom(0, -hourMs, hourMs, 50 * 365 * 24 * hourMs),
    async (s, all, losses, missing, skewMs) => {
      const circumstances = {
        schedule: (label: string) => s.schedule(Promise.resolve(), label),
        losses: losses.map((lost, index) => lost && index % 3 === 0),
        missing: missing.map((isMissing, index) => isMissing && index % 2 === 0),
        skewMs,
      }
      const world = new World(circumstances, seen)
      journals.push(world.api.journal)
      const { done } = s.scheduleSequence(
        all.map((one) => ({ label: JSON.stringify(one), builder: async () => void world.do(one) })),
      )
      void done
      await s.waitIdle()
      seen.loads += [...world.hosts.pods.values()].filter(({ process }) => process?.mapped.size).length
      expect(world.broken).toEqual([])
      await world.settle()
      expect(world.broken).toEqual([])
      const left = [...world.api.objects.values()].filter(({ metadata }) => moduleUIDs.includes(metadata.uid))
      expect(left).toEqual([])
      const held = [...world.api.objects.values()].filter(({ metadata }) => metadata.finalizers?.length)
      expect(held).toEqual([])
    },
  )
  await assert(property, chosenParameters as never)
  return journals
}

const nothing = (): Seen => ({ released: 0, loads: 0, receipts: 0, gone: 0, awaited: 0 })

it('no finalizer goes while a process has the image, and in the end all go', async () => {
  const seen = nothing()
  await simulate(parameters(), seen)
  // Before all was well again, that is: in the midst of it.
  console.log('simulations:', seen)
  if (chosen === undefined) expect(Math.min(...Object.values(seen))).toBeGreaterThan(0)
})

it('the same seed makes the same histories', async () => {
  const first = await simulate({ seed: 7, numRuns: 40 }, nothing())
  // Another time of day.
  await new Promise((resolve) => setTimeout(resolve, 5))
  const second = await simulate({ seed: 7, numRuns: 40 }, nothing())
  expect(second).toEqual(first)
  expect(Math.max(...first.map(({ length }) => length))).toBeGreaterThan(20)
})
