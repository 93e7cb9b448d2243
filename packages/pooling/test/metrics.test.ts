/** Metrics: the counts add up, by pool and by module, and what is resident comes from the kernel. */

import { expect, test } from 'vitest'
import { reuseAffinity } from '@warmslot/index-allocator'
import { first, moduleOf, PAGE, poolOf, warm, wideModuleOf } from './support.ts'

test('the numbers of a small history', async () => {
  await using pool = poolOf({ slots: 4, strategy: reuseAffinity() })
  const [one, two] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  const wide = wideModuleOf(pool, 2)
  warm(pool, one.module, 2) // 2 misses
  warm(pool, two.module, 1) // 1 miss
  warm(pool, one.module, 2) // 2 hits
  warm(pool, wide, 1) // the last untouched slot, and one stolen from the least recently used: two
  using held = pool.acquire(one.module) // 1 hit
  first(held).memory.write(0, Uint8Array.of(42))
  const metrics = pool.metrics()
  expect(metrics).toMatchObject({
    slots: 4,
    slotBytes: 4 * PAGE,
    strategy: 'reuseAffinity',
    untouched: 0,
    withoutAffinity: 0,
    affine: 3,
    inUse: 1,
    queued: 0,
    retired: 0,
    leases: 1,
    waiting: 0,
    acquires: 7,
    hits: 3,
    misses: 5,
    remaps: 5,
    steals: 1,
    evictions: 1,
    resetsNothing: 7,
    faults: 0,
    exhausted: 0,
    purges: 0,
    residentBytes: undefined,
    lastFault: undefined,
  })
  const of = (id: number) => metrics.modules.find((module) => module.id === id)
  expect(of(one.module.id)).toMatchObject({
    label: 'module-1',
    state: 'live',
    acquires: 5,
    hits: 3,
    misses: 2,
    evictions: 0,
    leases: 1,
    slotsInUse: 1,
    slotsAffine: 1,
    imageBytes: 4096,
  })
  expect(of(two.module.id)).toMatchObject({ misses: 1, evictions: 1, slotsAffine: 0 })
  expect(of(wide.id)).toMatchObject({ acquires: 1, misses: 2, steals: 1, slotsAffine: 2, imageBytes: 8192 })
  held.release()
  expect(pool.metrics().resetsCopiedBack + pool.metrics().resetsDecommitted).toBe(1)
})

test('what purged modules did stays in the totals of the pool', async () => {
  await using pool = poolOf()
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 3)
  await pool.purge(module)
  expect(pool.metrics()).toMatchObject({ acquires: 3, misses: 3, slotsPurged: 3, purges: 1, modules: [] })
})

test('resident bytes, where they are asked for', async () => {
  await using pool = poolOf({ slots: 2, keepResidentBytes: 0 })
  const { module } = moduleOf(pool, 1)
  const other = moduleOf(pool, 2)
  const lease = pool.acquire(module)
  const empty = pool.acquire(other.module)
  first(lease).memory.write(0, new Uint8Array(3 * 4096).fill(42))
  const metrics = pool.metrics({ residentBytes: true })
  expect(metrics.residentBytes).toBe(3 * 4096)
  expect(metrics.modules.map(({ residentBytes }) => residentBytes)).toEqual([3 * 4096, 0])
  lease.release()
  empty.release()
  await pool.purge(module)
  expect(pool.metrics({ residentBytes: true }).residentBytes).toBe(0)
})
