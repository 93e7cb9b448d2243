/** Slots with address space of two kinds: which one a memory gets, what a change of kind leaves behind, and faults in it. */

import { nextAvailable, reuseAffinity } from '@warmslot/index-allocator'
import { RawReservation } from '@warmslot/memory-image'
import { injectFaults } from '@warmslot/memory-image/testing'
import { expect, test } from 'vitest'
import { InvalidOptionError, type Lease, Pool, type PoolModule, type PoolOptions } from '../src/index.ts'
import { first, imageOf, PAGE, tracesOf, warm } from './support.ts'

interface Made {
  readonly slot: number
  readonly kind: string
  readonly reservation: RawReservation
}

/** A pool of two kinds, and what it made; `refused` kinds cannot be had. */
function twoKinds(options: Partial<PoolOptions> = {}): { pool: Pool; made: Made[]; refused: Set<string> } {
  const made: Made[] = []
  const refused = new Set<string>()
  const pool = new Pool({
    slots: 1,
    slotBytes: 4 * PAGE,
    reservationKinds: ['narrow', 'wide'],
    createReservation: (slot, kind) => {
      if (refused.has(kind)) throw new RangeError(`no address space of kind ${kind}`)
      const reservation = new RawReservation(4 * PAGE)
      made.push({ slot, kind, reservation })
      return reservation
    },
    ...options,
  })
  return { pool, made, refused }
}

function moduleOf(pool: Pool, fill: number, kind?: string) {
  const image = imageOf(fill)
  const module = pool.register({
    memories: [{ image, initialBytes: PAGE, ...(kind !== undefined && { kind }) }],
  })
  image.release()
  return { module, image }
}

/** Leases, checks that all of it is as the image says, writes all over it, and releases. */
function use(pool: Pool, module: PoolModule, fill: number): Lease['kind'] {
  using lease = pool.acquire(module)
  const leased = first(lease)
  expect(leased.grow(4 * PAGE)).toBe(true)
  const expected = Buffer.alloc(4 * PAGE)
  expected.fill(fill, 0, 4096)
  expect(Buffer.compare(leased.memory.read(0, 4 * PAGE), expected)).toBe(0)
  leased.memory.write(0, new Uint8Array(4 * PAGE).fill(0xee))
  return lease.kind
}

test('each memory gets its kind, made once in a slot, and no stale byte in any', async () => {
  const { pool, made } = twoKinds()
  const narrow = moduleOf(pool, 1)
  const wide = moduleOf(pool, 2, 'wide')
  for (let round = 0; round < 3; round += 1) {
    expect(use(pool, narrow.module, 1)).toBe('cold')
    expect(use(pool, narrow.module, 1)).toBe('affine')
    expect(tracesOf(wide.image).mappings).toBe(0)
    expect(use(pool, wide.module, 2)).toBe('cold')
    expect(use(pool, wide.module, 2)).toBe('affine')
    expect(tracesOf(narrow.image).mappings).toBe(0)
  }
  expect(made.map(({ kind }) => kind)).toEqual(['narrow', 'wide'])
  expect(pool.metrics()).toMatchObject({ hits: 6, misses: 6, steals: 5, remaps: 6, reservationsReplaced: 0 })
  await pool.close()
  expect(made.map(({ reservation }) => reservation.byteLength)).toEqual([0, 0])
})

test('an attachment does not outlive a change of kind', async () => {
  const { pool } = twoKinds()
  await using _pool = pool
  const narrow = moduleOf(pool, 1)
  const wide = moduleOf(pool, 2, 'wide')
  for (const module of [narrow.module, wide.module, narrow.module]) {
    const lease = pool.acquire(module)
    expect(first(lease).attachment).toBeUndefined()
    first(lease).attachment = module
    lease.release()
  }
})

test('one module with memories of both kinds', async () => {
  const { pool, made } = twoKinds({ slots: 2, strategy: nextAvailable() })
  await using _pool = pool
  const image = imageOf(5)
  const module = pool.register({
    memories: [
      { image, initialBytes: PAGE, kind: 'wide' },
      { image, initialBytes: PAGE, kind: 'narrow' },
    ],
  })
  image.release()
  for (let round = 0; round < 4; round += 1) {
    using lease = pool.acquire(module)
    const kinds = lease.memories.map(
      ({ reservation }) => made.find((one) => one.reservation === reservation)?.kind,
    )
    expect(kinds).toEqual(['wide', 'narrow'])
  }
  expect((await pool.purge(module)).complete).toBe(true)
})

test('a purge is exact whatever kinds its slots had before and after', async () => {
  const { pool } = twoKinds({ slots: 3 })
  await using _pool = pool
  const narrow = moduleOf(pool, 1)
  const wide = moduleOf(pool, 2, 'wide')
  warm(pool, narrow.module, 3)
  warm(pool, wide.module, 2) // evicts two
  const receipt = await pool.purge(narrow.module)
  expect(receipt).toMatchObject({
    complete: true,
    slotsCleared: 1,
    mappingsRemoved: 1,
    memfdsClosed: 1,
    kernel: { mappings: 0, descriptors: 0 },
  })
  expect(tracesOf(wide.image).mappings).toBe(2)
  expect(await pool.purge(wide.module)).toMatchObject({ complete: true, slotsCleared: 2 })
})

test('where one kind cannot be had, slots that have it parked serve, and nothing stays mapped unseen', async () => {
  const { pool, refused } = twoKinds({ slots: 8, strategy: reuseAffinity() })
  await using _pool = pool
  const narrow = moduleOf(pool, 1)
  const wide = moduleOf(pool, 2, 'wide')
  warm(pool, wide.module, 2)
  warm(pool, narrow.module, 8) // parks both
  refused.add('wide')
  const failures = [1, 2, 3].map(() => {
    try {
      using lease = pool.acquire(wide.module)
      expect(first(lease).memory.read(0, 1)).toEqual(Uint8Array.of(2))
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  })
  for (const failure of failures) expect([undefined, 'no address space of kind wide']).toContain(failure)
  const { affine, withoutAffinity, untouched, retired } = pool.metrics()
  expect([affine + withoutAffinity + untouched, retired]).toEqual([8, 0])
  const receipt = await pool.purge(narrow.module)
  expect(receipt).toMatchObject({ complete: true, kernel: { mappings: 0, descriptors: 0 } })
  expect(tracesOf(narrow.image).mappings).toBe(0)
})

test('where the kernel refuses the wipe, the other kind is not handed out over it', async () => {
  for (const failing of [1, 2, 3, 4, 5, 6, 7, 8]) {
    for (const name of ['mmap', 'madvise', 'mprotect', 'munmap']) {
      const { pool } = twoKinds({ slots: 2 })
      const narrow = moduleOf(pool, 1)
      const wide = moduleOf(pool, 2, 'wide')
      for (const { module } of [wide, narrow]) warm(pool, module, 2)
      {
        using _faults = injectFaults(({ call, count }) =>
          call === name && count <= failing ? 'ENOMEM' : undefined,
        )
        try {
          expect(use(pool, wide.module, 2)).toBe('cold')
        } catch (error) {
          expect(error).toMatchObject({ code: 'WARMSLOT_SYSTEM_CALL' })
        }
      }
      for (let receipt = await pool.purge(narrow.module); !receipt.complete;)
        receipt = await pool.purge(narrow.module)
      expect(tracesOf(narrow.image)).toEqual({ mappings: 0, descriptors: 0 })
      expect(use(pool, wide.module, 2)).toMatch(/cold|affine/)
      await pool.close()
      expect(tracesOf(wide.image)).toEqual({ mappings: 0, descriptors: 0 })
    }
  }
})

test('a discarded reservation takes no other kind with it', async () => {
  const { pool, made } = twoKinds()
  await using _pool = pool
  const narrow = moduleOf(pool, 1)
  const wide = moduleOf(pool, 2, 'wide')
  use(pool, narrow.module, 1)
  pool.acquire(wide.module).release({ discardReservations: true })
  expect(made.map(({ kind, reservation }) => [kind, reservation.byteLength > 0])).toEqual([
    ['narrow', true],
    ['wide', false],
  ])
  use(pool, narrow.module, 1)
  use(pool, wide.module, 2)
  expect(made.map(({ kind }) => kind)).toEqual(['narrow', 'wide', 'wide'])
})

test('what cannot be a kind is refused', () => {
  for (const reservationKinds of [[], ['a', 'a'], [5], Array.from({ length: 9 }, String), 'ab']) {
    expect(() => twoKinds({ reservationKinds: reservationKinds as string[] })).toThrow(InvalidOptionError)
  }
  const { pool } = twoKinds()
  expect(() => moduleOf(pool, 1, 'broad')).toThrow(/`?kind`?.*\["narrow","wide"\]/)
})
