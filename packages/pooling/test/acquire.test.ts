/** Acquire and release: images in place, affinity, baselines restored, leases that end. */

import { expect, test } from 'vitest'
import { RawReservation } from '@warmslot/memory-image'
import { LeaseReleasedError, PoolExhaustedError, type Lease } from '../src/index.ts'
import {
  first,
  imageOf,
  moduleOf,
  PAGE,
  poolOf,
  strategies,
  tracesOf,
  turn,
  warm,
  wideModuleOf,
} from './support.ts'

function releaseDirty(lease: Lease): void {
  first(lease).memory.write(0, Uint8Array.of(42))
  lease.release()
}

test('a slot comes with its image, and comes back as it was', async () => {
  await using pool = poolOf({ slots: 1 })
  const { module } = moduleOf(pool, 7)
  const cold = pool.acquire(module)
  expect(cold.kind).toBe('cold')
  expect(first(cold).reused).toBe(false)
  expect(first(cold).memory.logicalBytes).toBe(PAGE)
  expect(first(cold).memory.read(4094, 4)).toEqual(Uint8Array.of(7, 7, 0, 0))
  first(cold).memory.write(4094, Uint8Array.of(1, 2, 3, 4))
  cold.release()
  const affine = pool.acquire(module)
  expect(affine.kind).toBe('affine')
  expect(first(affine).reused).toBe(true)
  expect(first(affine).memory.read(4094, 4)).toEqual(Uint8Array.of(7, 7, 0, 0))
  affine.release()
})

test('two modules never see each other in the same slot', async () => {
  await using pool = poolOf({ slots: 1 })
  const [one, two] = [moduleOf(pool, 1, 2 * PAGE), moduleOf(pool, 0, PAGE)]
  const lease = pool.acquire(one.module)
  first(lease).memory.write(0, new Uint8Array(2 * PAGE).fill(99))
  lease.release()
  const stranger = pool.acquire(two.module)
  expect(first(stranger).memory.read(0, PAGE)).toEqual(new Uint8Array(PAGE))
  expect(first(stranger).grow(2 * PAGE)).toBe(true)
  expect(first(stranger).memory.read(PAGE, PAGE)).toEqual(new Uint8Array(PAGE))
  stranger.release()
  expect(tracesOf(one.image).mappings).toBe(0)
  expect(pool.metrics()).toMatchObject({ steals: 1, evictions: 1, hits: 0, misses: 2 })
})

test('a module gets all its memories or none', async () => {
  await using pool = poolOf({ slots: 3 })
  const wide = wideModuleOf(pool, 2)
  const { module } = moduleOf(pool, 1)
  const lease = pool.acquire(wide)
  expect(new Set(lease.memories.map(({ slot }) => slot)).size).toBe(2)
  expect(lease.memories.map(({ memory }) => memory.read(0, 1)[0])).toEqual([9, 10])
  expect(() => pool.acquire(wide)).toThrow(PoolExhaustedError)
  expect(pool.metrics()).toMatchObject({ inUse: 2, leases: 1 })
  const single = pool.acquire(module) // the slot that was left is still there
  lease.release()
  single.release()
  const again = pool.acquire(wide)
  expect(again.kind).toBe('affine')
  again.release()
})

test('a module without memories needs no slot, ever', async () => {
  await using pool = poolOf({ slots: 1 })
  const none = pool.register({ memories: [] })
  const { module } = moduleOf(pool, 1)
  const lease = pool.acquire(module)
  const waiting = pool.acquireWhenFree(module)
  const empty = pool.acquire(none)
  expect(empty.memories).toEqual([])
  expect(empty.kind).toBe('affine')
  const purging = pool.purge(none)
  empty.release()
  expect(await purging).toMatchObject({ complete: true, slotsCleared: 0 })
  lease.release()
  ;(await waiting).release()
})

test('an attachment stays with its module, and goes when the slot does', async () => {
  await using pool = poolOf({ slots: 1 })
  const [one, two] = [moduleOf(pool, 1).module, moduleOf(pool, 2).module]
  const use = (module: typeof one, leave: unknown): unknown => {
    using lease = pool.acquire(module)
    const found = first(lease).attachment
    first(lease).attachment = leave
    return found
  }
  expect(use(one, 'instance')).toBeUndefined()
  expect(use(one, 'another')).toBe('instance')
  expect(use(two, 'foreign')).toBeUndefined()
  expect(use(one, 'again')).toBeUndefined()
  await pool.purge(one)
  expect(use(two, 'x')).toBeUndefined()
})

test('a discarded reservation is disposed and replaced, its slot cleared', async () => {
  const made: RawReservation[] = []
  await using pool = poolOf({
    slots: 2,
    createReservation: () => {
      made.push(new RawReservation(4 * PAGE))
      return made.at(-1)!
    },
  })
  const { module, image } = moduleOf(pool, 1)
  const lease = pool.acquire(module)
  first(lease).attachment = 'gone'
  first(lease).memory.write(0, Uint8Array.of(42))
  lease.release({ discardReservations: true })
  expect(made.map(({ byteLength }) => byteLength)).toEqual([0])
  expect(pool.metrics()).toMatchObject({ affine: 0, withoutAffinity: 1 })
  expect(tracesOf(image).mappings).toBe(0)
  const next = pool.acquire(module)
  expect(next.kind).toBe('cold')
  expect(first(next).attachment).toBeUndefined()
  expect(first(next).memory.read(0, 1)).toEqual(Uint8Array.of(1))
  expect(made).toHaveLength(2)
  expect(first(next).reservation).toBe(made[1])
  next.release()
  expect(pool.metrics()).toMatchObject({ reservationsReplaced: 1, retired: 0 })
})

test('a reservation without a dispose is simply left to its maker', async () => {
  const raw: RawReservation[] = []
  await using pool = poolOf({
    slots: 1,
    createReservation: () => {
      const reservation = new RawReservation(4 * PAGE)
      raw.push(reservation)
      return { base: reservation.base, byteLength: reservation.byteLength }
    },
  })
  const { module, image } = moduleOf(pool, 1)
  pool.acquire(module).release({ discardReservations: true })
  expect(tracesOf(image).mappings).toBe(0)
  pool.acquire(module).release()
  await pool.close()
  expect(raw).toHaveLength(2)
  for (const reservation of raw) reservation[Symbol.dispose]()
})

test('a released lease is of no use, whoever has the slot now', async () => {
  await using pool = poolOf({ slots: 1 })
  const { module } = moduleOf(pool, 1)
  const lease = pool.acquire(module)
  const leased = first(lease)
  lease.release()
  const next = pool.acquire(module)
  lease.release() // nothing: above all not the next holder's slot
  expect(pool.metrics()).toMatchObject({ leases: 1, inUse: 1 })
  expect(lease.released).toBe(true)
  const uses: (() => unknown)[] = [
    () => lease.memories,
    () => leased.memory,
    () => leased.reservation,
    () => leased.attachment,
    () => (leased.attachment = 1),
    () => leased.grow(PAGE),
  ]
  for (const use of uses) expect(use).toThrow(LeaseReleasedError)
  next.release()
})

test.each(strategies)('%s: a queued slot is as good as a free one', async (_, strategy) => {
  await using pool = poolOf({ slots: 4, resetBatchSize: 100, strategy: strategy() })
  const [one, two] = [moduleOf(pool, 1).module, moduleOf(pool, 2).module]
  for (let round = 0; round < 20; round += 1) {
    const leases = [1, 2, 3, 4].map((number) => pool.acquire(number % 2 === round % 2 ? one : two))
    for (const lease of leases) expect(first(lease).memory.read(0, 1)[0]).toBe(lease.module === one ? 1 : 2)
    for (const lease of leases) releaseDirty(lease)
    expect(pool.metrics()).toMatchObject({ queued: 4, inUse: 0, exhausted: 0 })
  }
  const wide = wideModuleOf(pool, 4)
  pool.acquire(wide).release()
  while (pool.metrics().queued > 0) await turn()
  expect(pool.metrics()).toMatchObject({ affine: 4, slotsPurged: 0, exhausted: 0 })
})

test('a queued slot of the same module is reset and reused rather than a stranger evicted', async () => {
  await using pool = poolOf({ slots: 3, resetBatchSize: 8 })
  const [one, two] = [moduleOf(pool, 1).module, moduleOf(pool, 2).module]
  warm(pool, one, 1)
  while (pool.metrics().queued > 0) await turn()
  warm(pool, two, 1)
  expect(pool.metrics()).toMatchObject({ queued: 1, untouched: 1, affine: 1 })
  const leases = [pool.acquire(two), pool.acquire(one)]
  expect(leases.map(({ kind }) => kind)).toEqual(['affine', 'affine'])
  for (const lease of leases) lease.release()
})

test('the queue is never longer than a batch', async () => {
  await using pool = poolOf({ slots: 10, resetBatchSize: 3 })
  warm(pool, moduleOf(pool, 1).module, 10)
  expect(pool.metrics()).toMatchObject({ queued: 3, affine: 7 })
})

test('growth: up to the maximum of the memory, at most to the slot, and back at release', async () => {
  await using pool = poolOf({ slots: 1 })
  const image = imageOf(1)
  const module = pool.register({ memories: [{ image, initialBytes: PAGE, maximumBytes: 3 * PAGE }] })
  const wider = pool.register({ memories: [{ image, initialBytes: PAGE, maximumBytes: 4 * 2 ** 30 }] })
  const lease = pool.acquire(module)
  expect(first(lease).grow(PAGE)).toBe(true)
  expect(first(lease).grow(3 * PAGE)).toBe(true)
  expect(first(lease).memory.logicalBytes).toBe(3 * PAGE)
  first(lease).memory.write(3 * PAGE - 1, Uint8Array.of(42))
  expect(first(lease).grow(4 * PAGE)).toBe(false)
  expect(first(lease).memory.logicalBytes).toBe(3 * PAGE)
  for (const size of [PAGE, 3 * PAGE + 1, NaN, -PAGE, 2.5 * PAGE])
    expect(() => first(lease).grow(size)).toThrow(RangeError)
  lease.release()
  const again = pool.acquire(module)
  expect(first(again).memory.logicalBytes).toBe(PAGE)
  expect(() => first(again).memory.read(PAGE, 1)).toThrow(RangeError)
  expect(first(again).grow(3 * PAGE)).toBe(true)
  expect(first(again).memory.read(3 * PAGE - 1, 1)).toEqual(Uint8Array.of(0))
  again.release()
  const other = pool.acquire(wider)
  expect(first(other).grow(4 * PAGE)).toBe(true)
  expect(first(other).grow(5 * PAGE)).toBe(false)
  other.release()
  image.release()
})
