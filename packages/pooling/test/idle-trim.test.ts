/** Free slots give their resident pages back: by age, while memory is short, and when asked. Judge: the kernel. */

import { kernelFeatures } from '@warmslot/memory-image'
import { injectFaults } from '@warmslot/memory-image/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { InvalidOptionError, type Lease, type Pool, type PoolModule } from '../src/index.ts'
import { first, moduleOf, PAGE, poolOf, tracesOf, turn } from './support.ts'

const page = kernelFeatures().pageBytes

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

function dirty(lease: Lease, pages = 3): void {
  for (let at = 0; at < pages; at += 1) first(lease).memory.write(at * page, Uint8Array.of(9))
}

/** Uses so many slots at the same time, and gives them back. */
function use(pool: Pool, module: PoolModule, count: number): void {
  const leases = Array.from({ length: count }, () => pool.acquire(module))
  for (const lease of leases) {
    dirty(lease)
    lease.release()
  }
}

async function pass(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds)
  for (let turns = 0; turns < 5; turns += 1) await turn()
}

const resident = (pool: Pool): number => pool.metrics({ residentBytes: true }).residentBytes! / page

describe.runIf(kernelFeatures().pagemapScan)('pages that were kept resident', () => {
  test('go when the slot was not used for so long, and the timer ends with them', async () => {
    await using pool = poolOf({ idleTrimMs: 2_000, memoryPressure: false })
    const { module, image } = moduleOf(pool, 1)
    use(pool, module, 3)
    await pass(1_900)
    expect([resident(pool), pool.metrics().slotsTrimmed]).toEqual([9, 0])
    use(pool, module, 1)
    await pass(700)
    expect([resident(pool), pool.metrics().slotsTrimmed]).toEqual([3, 2])
    expect(vi.getTimerCount()).toBe(1)
    await pass(1_900)
    expect([resident(pool), pool.metrics().slotsTrimmed]).toEqual([0, 3])
    expect(vi.getTimerCount()).toBe(0)
    // Images stay mapped, and the next use finds the baseline.
    expect(tracesOf(image).mappings).toBe(3)
    using lease = pool.acquire(module)
    expect(lease.kind).toBe('affine')
    expect([...first(lease).memory.read(0, 3)]).toEqual([1, 1, 1])
  })

  test('stay where a slot is in use, and while it waits for a reset', async () => {
    await using pool = poolOf({ idleTrimMs: 1, memoryPressure: () => true, resetBatchSize: 8 })
    const { module } = moduleOf(pool, 1)
    use(pool, module, 2)
    const held = pool.acquire(module)
    dirty(held)
    const queued = pool.acquire(module)
    dirty(queued)
    queued.release()
    const trimmed = pool.trim()
    expect(resident(pool)).toBeGreaterThanOrEqual(6)
    await trimmed
    await pass(3_000)
    expect([...first(held).memory.read(0, 1)]).toEqual([9])
    expect(resident(pool)).toBe(3)
    held.release()
  })

  test('never go by age with Infinity', async () => {
    await using pool = poolOf({ idleTrimMs: Infinity, memoryPressure: false })
    use(pool, moduleOf(pool, 1).module, 2)
    expect(vi.getTimerCount()).toBe(0)
    await pass(2 ** 31)
    expect(resident(pool)).toBe(6)
  })

  test('go while memory is short, and resets keep none until it is over', async () => {
    let short = false
    await using pool = poolOf({ idleTrimMs: Infinity, memoryPressure: () => short })
    const { module } = moduleOf(pool, 1)
    use(pool, module, 2)
    await pass(5_000)
    expect(resident(pool)).toBe(6)
    short = true
    await pass(1_000)
    expect(pool.metrics()).toMatchObject({ memoryPressure: true, slotsTrimmed: 2, resetsDecommitted: 0 })
    use(pool, module, 1)
    expect([resident(pool), pool.metrics().resetsDecommitted]).toEqual([0, 1])
    short = false
    await pass(1_000)
    expect(pool.metrics().memoryPressure).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
    use(pool, module, 1)
    expect([resident(pool), pool.metrics().resetsDecommitted]).toEqual([3, 1])
  })

  test('go when asked; slots that come back meanwhile are not forgotten', async () => {
    await using pool = poolOf({ idleTrimMs: 1_000, memoryPressure: false, purgeSliceMs: 0.01, slots: 4 })
    const { module } = moduleOf(pool, 1)
    use(pool, module, 4)
    const held = pool.acquire(module)
    dirty(held)
    const trims = [pool.trim(), pool.trim()]
    await turn()
    held.release()
    await trims[0]
    expect(await pool.trim()).toBeLessThanOrEqual(1)
    expect((await Promise.all(trims)).reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(3)
    await pass(1_500)
    expect(resident(pool)).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('stay where the kernel refuses; that is counted, and nothing is lost', async () => {
    await using pool = poolOf({ idleTrimMs: Infinity, memoryPressure: false })
    const { module, image } = moduleOf(pool, 1)
    use(pool, module, 2)
    {
      using _faults = injectFaults(({ call }) => (call === 'madvise' ? 'EINVAL' : undefined))
      expect(await pool.trim()).toBe(0)
    }
    expect(pool.metrics()).toMatchObject({ faults: 2, slotsTrimmed: 0, affine: 2, retired: 0 })
    use(pool, module, 2)
    expect(await pool.trim()).toBe(2)
    expect((await pool.purge(module)).complete).toBe(true)
    expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
  })

  test('a closed pool has no timer', async () => {
    const pool = poolOf({ idleTrimMs: 1_000 })
    const { module } = moduleOf(pool, 1)
    const held = pool.acquire(module)
    use(pool, module, 2)
    expect(vi.getTimerCount()).toBe(1)
    const closed = pool.close()
    expect(vi.getTimerCount()).toBe(0)
    dirty(held)
    held.release()
    await closed
    expect([vi.getTimerCount(), await pool.trim()]).toEqual([0, 0])
  })
})

test.each([
  { idleTrimMs: 0 },
  { idleTrimMs: -1 },
  { idleTrimMs: NaN },
  { idleTrimMs: 2 ** 31 },
  { memoryPressure: true as never },
  { memoryPressure: null as never },
])('refuses %j', (options) => {
  expect(() => poolOf({ slotBytes: PAGE, ...options })).toThrow(InvalidOptionError)
})
