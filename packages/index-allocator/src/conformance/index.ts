/**
 * `@warmslot/index-allocator/conformance`: the tests that an allocation strategy has to pass, for any test framework.
 *
 *     import { test } from 'node:test'
 *     import { strategyConformance } from '@warmslot/index-allocator/conformance'
 *
 *     strategyConformance({ test, createStrategy: () => new MyStrategy() })
 */

import type { AllocationStrategy } from '../allocation-strategy.ts'
import {
  findsTheOnlyKindLeft,
  forgetsOldKeys,
  handsOutEverySlotOnce,
  hasAName,
  keepsAllocatorsApart,
  purgesWhileInUse,
} from './edge-checks.ts'
import { servesALargeCapacity } from './large-capacity-check.ts'
import { agreesWithTheModel } from './random-checks.ts'

export { ConformanceFailure } from './assertions.ts'

export interface StrategyConformanceOptions {
  /** Registers one test: the `test` or `it` of node:test, Vitest, Jest, Mocha… A failed test throws. No default. */
  test: (name: string, run: () => void) => unknown
  /** Makes a fresh instance at each call. No default. */
  createStrategy: () => AllocationStrategy
  /**
   * Random operations a run; there are six runs. An integer from 1 on.
   * @default 4000
   */
  operations?: number
  /**
   * Start of the random sequence, an integer from 0 to 4,294,967,295; the same seed gives the same operations.
   * @default 1
   */
  seed?: number
  /**
   * Slots in the test of a large capacity: 2 to 1,048,576.
   * @default 1_000_000
   */
  largeCapacity?: number
}

const RUNS = [
  { capacity: 1, keyCount: 2 },
  { capacity: 2, keyCount: 3 },
  { capacity: 5, keyCount: 8 },
  { capacity: 16, keyCount: 1 },
  { capacity: 33, keyCount: 4 },
  { capacity: 64, keyCount: 8 },
]

/** Registers the conformance tests of one strategy. They take about a second together. */
export function strategyConformance(options: StrategyConformanceOptions): void {
  const { test, createStrategy, operations = 4000, seed = 1, largeCapacity = 1_000_000 } = options
  test('has a name', () => hasAName(createStrategy))
  test('hands out every slot once, then none', () => handsOutEverySlotOnce(createStrategy))
  test('finds a slot of whichever kind is left', () => findsTheOnlyKindLeft(createStrategy))
  test('a purge finds every free slot of its module, and no other', () => purgesWhileInUse(createStrategy))
  test('allocators side by side do not disturb each other', () => keepsAllocatorsApart(createStrategy))
  test('keys that no slot remembers leave nothing behind', () => forgetsOldKeys(createStrategy))
  for (const run of RUNS) {
    test(`agrees with the model: ${run.capacity} slots, ${run.keyCount} keys, seed ${seed}`, () =>
      agreesWithTheModel(createStrategy, { ...run, operations, seed }))
  }
  test(`serves ${largeCapacity} slots`, () => servesALargeCapacity(createStrategy, largeCapacity))
}
