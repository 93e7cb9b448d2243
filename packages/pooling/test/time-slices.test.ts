/** The event loop is never held for long: slices are counted with a clock that the test turns, so nothing depends on speed. */

import { expect, test } from 'vitest'
import { moduleOf, PAGE, poolOf, turn, warm } from './support.ts'

/** A clock by which every look at it takes `stepMs`. */
function steppingClock(stepMs: number): () => number {
  let now = 0
  return () => (now += stepMs)
}

test('a purge of 20 slots at 0.1 ms each, in slices of 0.5 ms, takes five turns', async () => {
  await using pool = poolOf({ slots: 20, slotBytes: PAGE, purgeSliceMs: 0.5, clock: steppingClock(0.1) })
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 20)
  let turns = 0
  const purging = pool.purge(module)
  const affine: number[] = []
  while (module.state === 'purging') {
    affine.push(pool.metrics().affine)
    await turn()
    turns += 1
  }
  const receipt = await purging
  expect(receipt.slices).toBe(5) // 5 slots each, and the end is noticed in the fifth
  expect(receipt.slotsCleared).toBe(20)
  expect(receipt.longestSliceMs).toBeCloseTo(0.5)
  expect(turns).toBeGreaterThanOrEqual(5)
  const steps = affine.slice(1).map((count, index) => affine[index]! - count)
  expect(Math.max(...steps)).toBe(5) // never more in one turn
})

test('ten purges at the same time share the slice of a turn', async () => {
  await using pool = poolOf({ slots: 40, slotBytes: PAGE, purgeSliceMs: 0.5, clock: steppingClock(0.1) })
  const modules = Array.from({ length: 10 }, (_, index) => moduleOf(pool, index + 1).module)
  const leases = Array.from({ length: 40 }, (_, index) => pool.acquire(modules[index % 10]!))
  for (const lease of leases) lease.release()
  const purging = Promise.all(modules.map((module) => pool.purge(module)))
  const affine: number[] = []
  while (pool.metrics().purges < 10) {
    affine.push(pool.metrics().affine)
    await turn()
  }
  expect((await purging).map(({ slotsCleared }) => slotsCleared)).toEqual(Array.from({ length: 10 }, () => 4))
  const steps = affine.slice(1).map((count, index) => affine[index]! - count)
  expect(Math.max(...steps)).toBeLessThanOrEqual(5)
})

test('a slot that takes longer than the slice still gets done, alone in its turn', async () => {
  await using pool = poolOf({ slots: 3, purgeSliceMs: 0.5, clock: steppingClock(2) })
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 3)
  const receipt = await pool.purge(module)
  expect(receipt).toMatchObject({ complete: true, slotsCleared: 3, slices: 4, longestSliceMs: 2 })
})

test('the flush of queued resets is cut into slices too', async () => {
  await using pool = poolOf({ slots: 12, resetBatchSize: 12, purgeSliceMs: 0.5, clock: steppingClock(0.1) })
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 12)
  const queued: number[] = []
  while (pool.metrics().queued > 0) {
    queued.push(pool.metrics().queued)
    await turn()
  }
  expect(queued).toEqual([12, 7, 2])
})
