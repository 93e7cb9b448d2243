/**
 * Random histories against a model. The model knows what every lease must read, who waits, and how many slots can be had;
 * the kernel knows what is mapped. Checked after every step: no stale byte, no slot in two hands, no false exhaustion, no
 * lost or overtaken waiter, counts that add up. Checked at the end: nothing is left, of anybody.
 */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Operation, operations, type Settings, settings } from './model/histories.ts'
import { World } from './model/world.ts'

async function play(history: readonly Operation[], choice: Settings): Promise<void> {
  const world = new World(choice)
  try {
    for (const operation of history) {
      await world.perform(operation)
      world.check()
    }
  } finally {
    await world.end()
  }
}

test('random histories', { timeout: 120_000 }, async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(fc.array(operations, { maxLength: 60, size: 'max' }), settings, (history, choice) =>
      play(
        history.filter(({ kind }) => kind !== 'fault'),
        choice,
      ),
    ),
    { numRuns: 150 },
  )
})

test('random histories in which the kernel refuses at random', { timeout: 120_000 }, async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(fc.array(operations, { maxLength: 60, size: 'max' }), settings, (history, choice) =>
      play(history, choice),
    ),
    { numRuns: 250 },
  )
})
