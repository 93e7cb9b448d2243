/**
 * Model-based properties: whatever the series of operations, the strategies choose exactly the slot that the oracle
 * names, and what the allocator says about slots and keys agrees with the history.
 */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IndexAllocator, nextAvailable, random, reuseAffinity } from '../src/index.ts'
import type { AllocationStrategy, SlotIndex } from '../src/index.ts'
import { nextAvailableOracle, reuseAffinityOracle } from './choices.model.ts'
import type { History, Oracle } from './choices.model.ts'

interface Model extends History {
  taken: Map<SlotIndex, number | undefined>
}

interface Real {
  allocator: IndexAllocator
  /** Missing where any free slot will do. */
  oracle: Oracle | undefined
}

type Command = fc.Command<Model, Real>

function nthTaken(model: Model, n: number): SlotIndex {
  return [...model.taken.keys()][n % model.taken.size] as SlotIndex
}

function check(model: Model, { allocator }: Real): void {
  const affine = model.freed.filter((entry) => entry.key !== undefined)
  expect(allocator.counts).toEqual({
    untouched: model.untouched.length,
    withoutAffinity: model.freed.length - affine.length,
    affine: affine.length,
    taken: model.taken.size,
  })
  const keys = new Set([...affine.map((entry) => entry.key), ...model.taken.values()])
  keys.delete(undefined)
  expect(new Set(allocator.affinityKeys())).toEqual(keys)
  for (const key of keys as Set<number>) {
    const slots = affine.filter((entry) => entry.key === key).map((entry) => entry.slot)
    expect(allocator.affineSlots(key)).toEqual(slots.toReversed())
  }
}

const allocate = (key: number | undefined): Command => ({
  check: () => true,
  run(model, real) {
    const expected = real.oracle?.(model, key)
    const slot = real.allocator.allocate(key)
    if (real.oracle !== undefined) expect(slot).toBe(expected)
    if (slot === undefined) {
      expect(model.freed.length + model.untouched.length).toBe(0)
      return
    }
    expect(model.taken.has(slot)).toBe(false)
    model.untouched = model.untouched.filter((other) => other !== slot)
    model.freed = model.freed.filter((entry) => entry.slot !== slot)
    model.taken.set(slot, key)
    check(model, real)
  },
  toString: () => `allocate(${key})`,
})

const free = (n: number): Command => ({
  check: (model) => model.taken.size > 0,
  run(model, real) {
    const slot = nthTaken(model, n)
    real.allocator.free(slot)
    model.freed.push({ slot, key: model.taken.get(slot) })
    model.taken.delete(slot)
    check(model, real)
  },
  toString: () => `free(taken slot ${n})`,
})

const clearAffinity = (n: number): Command => ({
  check: (model) => model.taken.size > 0,
  run(model, real) {
    const slot = nthTaken(model, n)
    real.allocator.clearAffinity(slot)
    model.taken.set(slot, undefined)
    check(model, real)
  },
  toString: () => `clearAffinity(taken slot ${n})`,
})

const takeAffine = (key: number): Command => ({
  check: () => true,
  run(model, real) {
    const slot = real.allocator.allocateAffineAndClearAffinity(key)
    const affine = model.freed.filter((entry) => entry.key === key).map((entry) => entry.slot)
    if (slot === undefined) {
      expect(affine).toEqual([])
      return
    }
    expect(affine).toContain(slot)
    model.freed = model.freed.filter((entry) => entry.slot !== slot)
    model.taken.set(slot, undefined)
    check(model, real)
  },
  toString: () => `allocateAffineAndClearAffinity(${key})`,
})

const key = fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 4 }) }, { weight: 1, arbitrary: fc.maxSafeNat() })
const commands = fc.commands(
  [
    fc.option(key, { nil: undefined, freq: 6 }).map(allocate),
    key.map(allocate),
    fc.nat({ max: 30 }).map(free),
    fc.nat({ max: 30 }).map(free),
    fc.nat({ max: 30 }).map(clearAffinity),
    key.map(takeAffine),
  ],
  { maxCommands: 120, size: 'max' },
)

function holds(createStrategy: () => AllocationStrategy, oracle?: Oracle): void {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), commands, (capacity, series) => {
      const allocator = new IndexAllocator({ capacity, strategy: createStrategy() })
      const untouched = Array.from({ length: capacity }, (_, slot) => slot)
      const model: Model = { taken: new Map(), freed: [], untouched }
      fc.modelRun(() => ({ model, real: { allocator, oracle } }), series)
    }),
    { numRuns: 300 },
  )
}

describe('every series of operations agrees with the model', () => {
  it('under nextAvailable', () => holds(nextAvailable, nextAvailableOracle))

  it('under random', () => holds(() => random({ seed: 7 })))

  it('under reuseAffinity', () => holds(reuseAffinity, reuseAffinityOracle(Infinity)))

  it.each([0, 1, 3])('under reuseAffinity with at most %d unused warm slots', (maxUnusedWarmSlots) =>
    holds(() => reuseAffinity({ maxUnusedWarmSlots }), reuseAffinityOracle(maxUnusedWarmSlots)),
  )
})
