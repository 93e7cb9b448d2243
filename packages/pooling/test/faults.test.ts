/** What the kernel may refuse, and what becomes of it: no leak of bytes, no lost slot without notice, no untrue receipt. */

import { expect, test } from 'vitest'
import { RawReservation, SystemCallError } from '@warmslot/memory-image'
import { injectFaults } from '@warmslot/memory-image/testing'
import { reuseAffinity } from '@warmslot/index-allocator'
import { PoolExhaustedError, type Pool } from '../src/index.ts'
import { first, moduleOf, PAGE, poolOf, tracesOf, warm, wideModuleOf } from './support.ts'

/** Reservations that cannot be disposed: a slot whose wipe fails has nothing left but to retire. */
function stubborn(made: RawReservation[]): () => { base: number; byteLength: number } {
  return () => {
    const reservation = new RawReservation(4 * PAGE)
    made.push(reservation)
    return { base: reservation.base, byteLength: reservation.byteLength }
  }
}

function expectSum(pool: Pool): void {
  const { untouched, withoutAffinity, affine, inUse, queued, retired, slots } = pool.metrics()
  expect(untouched + withoutAffinity + affine + inUse + queued + retired).toBe(slots)
}

test('an image that cannot be mapped: the error reaches the caller, the slots are all there', async () => {
  await using pool = poolOf({ slots: 3 })
  const { module } = moduleOf(pool, 1)
  {
    let fail = true
    // All but the wiping afterwards fails.
    using _faults = injectFaults(({ call }) => (call === 'mmap' && (fail = !fail) ? 'ENOMEM' : undefined))
    expect(() => pool.acquire(module)).toThrow(SystemCallError)
  }
  expectSum(pool)
  expect(pool.metrics()).toMatchObject({ inUse: 0, leases: 0, retired: 0 })
  expect(pool.metrics().faults).toBeGreaterThan(0)
  expect(pool.metrics().lastFault).toBeInstanceOf(SystemCallError)
  const leases = [1, 2, 3].map(() => pool.acquire(module))
  for (const lease of leases) expect(first(lease).memory.read(0, 1)).toEqual(Uint8Array.of(1))
  for (const lease of leases) lease.release()
})

test('a slot that cannot be made ready is passed over for another one', async () => {
  await using pool = poolOf({ slots: 3, strategy: reuseAffinity() })
  const [one, two] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  warm(pool, one.module, 3)
  using _faults = injectFaults(({ call, count }) => (call === 'mmap' && count === 1 ? 'ENOMEM' : undefined))
  const lease = pool.acquire(two.module)
  expect(first(lease).memory.read(0, 1)).toEqual(Uint8Array.of(2))
  lease.release()
  expectSum(pool)
  expect(pool.metrics()).toMatchObject({ faults: 1, retired: 0, inUse: 0 })
  expect(tracesOf(one.image).mappings).toBe(1) // one cleared after the failure, one stolen
})

test('where address space cannot be had, slots that have theirs serve', async () => {
  let refuse = false
  await using pool = poolOf({
    slots: 100,
    strategy: reuseAffinity(),
    createReservation: () => {
      if (refuse) throw new RangeError('WebAssembly.Memory(): could not allocate memory')
      return new RawReservation(4 * PAGE)
    },
  })
  const [one, two] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  warm(pool, one.module, 3)
  refuse = true
  const leases = [1, 2, 3].map(() => pool.acquire(two.module))
  expect(leases.map((lease) => first(lease).memory.read(0, 1)[0])).toEqual([2, 2, 2])
  expect(() => pool.acquire(two.module)).toThrow(/could not allocate memory/)
  expectSum(pool)
  expect(pool.metrics()).toMatchObject({ inUse: 3, leases: 3, steals: 3 })
  for (const lease of leases) lease.release()
})

test('a reset that fails costs the slot its image, nobody else anything', async () => {
  await using pool = poolOf({ slots: 1 })
  const { module, image } = moduleOf(pool, 1)
  const lease = pool.acquire(module)
  first(lease).memory.write(0, new Uint8Array(PAGE).fill(42))
  {
    using _faults = injectFaults(({ call }) =>
      call === 'ioctl' || call === 'madvise' || call === 'pread' ? 'EIO' : undefined,
    )
    lease.release() // does not throw
  }
  expectSum(pool)
  expect(tracesOf(image).mappings).toBe(0)
  const next = pool.acquire(module)
  expect(next.kind).toBe('cold')
  expect(first(next).attachment).toBeUndefined()
  expect(first(next).memory.read(0, 1)).toEqual(Uint8Array.of(1))
  next.release()
  expect(pool.metrics()).toMatchObject({ resetsFailed: 1, retired: 0 })
})

test('a slot that cannot be wiped gets new address space', async () => {
  await using pool = poolOf({ slots: 2 })
  const { module, image } = moduleOf(pool, 1)
  warm(pool, module, 2)
  {
    using _faults = injectFaults(({ call }) => (call === 'mmap' ? 'ENOMEM' : undefined))
    const receipt = await pool.purge(module)
    expect(receipt).toMatchObject({ complete: true, slotsCleared: 2, mappingsRemoved: 2, failedSlots: [] })
  }
  expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
  expect(pool.metrics()).toMatchObject({ retired: 0, reservationsReplaced: 2, withoutAffinity: 2 })
})

test('a purge that cannot clear a slot says so, the slot is retired, and the next purge tries again', async () => {
  await using pool = poolOf({ slots: 2 })
  const { module, image } = moduleOf(pool, 1)
  const other = moduleOf(pool, 2)
  warm(pool, module, 2)
  {
    using _faults = injectFaults(({ call }) => (call === 'mmap' || call === 'munmap' ? 'ENOMEM' : undefined))
    const receipt = await pool.purge(module)
    expect(receipt).toMatchObject({
      complete: false,
      slotsCleared: 0,
      mappingsRemoved: 0,
      kernel: tracesOf(image),
    })
    expect(receipt.failedSlots.toSorted()).toEqual([0, 1])
    expect(receipt.kernel.mappings).toBe(2)
    expect(pool.metrics()).toMatchObject({ retired: 2, purges: 0 })
    expect(() => pool.acquire(other.module)).toThrow(/exhausted for good.*all 2 of them are retired/)
    await expect(pool.acquireWhenFree(other.module)).rejects.toThrow(PoolExhaustedError)
  }
  const again = await pool.purge(module)
  expect(again).toMatchObject({
    complete: true,
    slotsCleared: 2,
    mappingsRemoved: 2,
    failedSlots: [],
    kernel: { mappings: 0, descriptors: 0 },
  })
  expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
  expect(pool.metrics()).toMatchObject({ retired: 0, purges: 1, withoutAffinity: 2 })
  warm(pool, other.module, 2)
  expect(await pool.purge(module)).toBe(again)
})

test('who waits for more slots than can ever be there again is told', async () => {
  const made: RawReservation[] = []
  const pool = poolOf({ slots: 1, createReservation: stubborn(made) })
  const { module } = moduleOf(pool, 1)
  const held = pool.acquire(module)
  first(held).memory.write(0, Uint8Array.of(42))
  const wait = pool.acquireWhenFree(module)
  {
    using _faults = injectFaults(() => 'ENOMEM')
    held.release()
  }
  await expect(wait).rejects.toThrow(/exhausted for good/)
  expect(pool.metrics()).toMatchObject({ retired: 1, inUse: 0, waiting: 0 })
  await pool.close()
  for (const reservation of made) reservation[Symbol.dispose]()
})

test('who waits is told too where the slots were lost while they were taken for the wait, or by a purge', async () => {
  const made: RawReservation[] = []
  const pool = poolOf({ slots: 2, createReservation: stubborn(made) })
  const { module } = moduleOf(pool, 1)
  const wide = wideModuleOf(pool, 2)
  const held = [pool.acquire(module), pool.acquire(module)]
  let wait = pool.acquireWhenFree(wide)
  {
    // Nothing was written, so both are reset without a system call. What is refused then is the first one's new image and
    // all that would empty the slot.
    let refusals = 3
    using _faults = injectFaults(() => (refusals-- > 0 ? 'ENOMEM' : undefined))
    held[0]!.release()
    held[1]!.release()
  }
  await expect(wait).rejects.toThrow(/exhausted for good/)
  expect(pool.metrics()).toMatchObject({ retired: 1, inUse: 0, waiting: 0 })
  await pool.close()
  for (const reservation of made.splice(0)) reservation[Symbol.dispose]()

  const second = poolOf({ slots: 2, createReservation: stubborn(made) })
  const { module: dropped } = moduleOf(second, 1)
  warm(second, dropped, 2)
  const last = second.acquire(moduleOf(second, 2).module)
  wait = second.acquireWhenFree(wideModuleOf(second, 2))
  {
    using _faults = injectFaults(() => 'ENOMEM')
    const told = expect(wait).rejects.toThrow(/exhausted for good/)
    expect(await second.purge(dropped)).toMatchObject({ complete: false })
    await told
  }
  last.release()
  await second.close()
  for (const reservation of made) reservation[Symbol.dispose]()
})

test('a stolen slot that fails half-way is suspect of both modules', async () => {
  const made: RawReservation[] = []
  const pool = poolOf({ slots: 1, createReservation: stubborn(made) })
  const [one, two] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  warm(pool, one.module, 1)
  {
    using _faults = injectFaults(() => 'ENOMEM')
    expect(() => pool.acquire(two.module)).toThrow(SystemCallError)
  }
  expect(pool.metrics()).toMatchObject({ retired: 1 })
  for (const { module, image } of [one, two]) {
    const receipt = await pool.purge(module)
    expect(receipt).toMatchObject({ complete: false, failedSlots: [0], kernel: tracesOf(image) })
  }
  for (const reservation of made) reservation[Symbol.dispose]()
  await pool.close()
})

test('what the purge of one suspect recovered, the purge of the other leaves alone', async () => {
  await using pool = poolOf({ slots: 1 })
  const [one, two, three] = [moduleOf(pool, 1), moduleOf(pool, 2), moduleOf(pool, 3)]
  warm(pool, one.module, 1)
  {
    using _faults = injectFaults(() => 'ENOMEM')
    expect(() => pool.acquire(two.module)).toThrow(SystemCallError)
  }
  expect(pool.metrics().modules.map(({ slotsLeftOver }) => slotsLeftOver)).toEqual([1, 1, 0])
  expect(await pool.purge(one.module)).toMatchObject({ complete: true, slotsCleared: 1 })
  using lease = pool.acquire(three.module)
  expect(await pool.purge(two.module)).toMatchObject({ complete: true, slotsCleared: 0, failedSlots: [] })
  expect(first(lease).memory.read(0, 1)).toEqual(Uint8Array.of(3))
})

test('a discarded reservation that the kernel keeps retires its slot', async () => {
  await using pool = poolOf({ slots: 1 })
  const { module, image } = moduleOf(pool, 1)
  const lease = pool.acquire(module)
  {
    using _faults = injectFaults(({ call }) => (call === 'munmap' ? 'ENOMEM' : undefined))
    lease.release({ discardReservations: true })
  }
  expect(tracesOf(image).mappings).toBe(0) // cleared all the same
  expect(pool.metrics()).toMatchObject({ retired: 1, inUse: 0 })
})

test('whoever waits is served as soon as a purge gets a retired slot back', async () => {
  await using pool = poolOf({ slots: 2 })
  const [dropped, waiting] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  const [kept, lost] = [pool.acquire(dropped.module), pool.acquire(dropped.module)]
  const served = pool.acquireWhenFree(waiting.module, { waitMs: 10_000 })
  {
    using _faults = injectFaults(() => 'ENOMEM')
    lost?.release({ discardReservations: true })
  }
  expect(pool.metrics()).toMatchObject({ retired: 1, inUse: 1, waiting: 1 })
  const receipt = pool.purge(dropped.module)
  const lease = await served // the purge itself still waits for `kept`
  expect(first(lease).memory.read(0, 1)).toEqual(Uint8Array.of(2))
  lease.release()
  kept?.release()
  expect(await receipt).toMatchObject({ complete: true, slotsCleared: 2 })
})
