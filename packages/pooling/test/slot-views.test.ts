/** Slots one by one: what the views say is what was done, and what the kernel shows at their addresses. */

import { readFileSync } from 'node:fs'
import { reuseAffinity } from '@warmslot/index-allocator'
import { RawReservation } from '@warmslot/memory-image'
import { injectFaults } from '@warmslot/memory-image/testing'
import { expect, test } from 'vitest'
import type { Pool, SlotView } from '../src/index.ts'
import { first, imageOf, moduleOf, PAGE, poolOf, turn, warm, wideModuleOf } from './support.ts'

const untouched = {
  state: 'untouched',
  moduleId: undefined,
  moduleLabel: undefined,
  warm: false,
  hits: 0,
  residentBytes: undefined,
  base: undefined,
  byteLength: undefined,
  parked: [],
}

function states(pool: Pool): string[] {
  return pool.slots().map(({ state }) => state)
}

/** Names of the memfds that the kernel shows in a slot's address space. */
function mappedIn({ base = 0, byteLength = 0 }: SlotView): string[] {
  const lines = readFileSync('/proc/self/maps', 'latin1').split('\n')
  return lines.flatMap((line) => {
    const start = Number.parseInt(line, 16)
    const name = /\/memfd:(\S+) \(deleted\)$/.exec(line)?.[1]
    return name !== undefined && start >= base && start < base + byteLength ? [name] : []
  })
}

test('a small history, with what the kernel shows at each address', async () => {
  await using pool = poolOf({ slots: 4, strategy: reuseAffinity() })
  for (const [index, view] of pool.slots().entries()) expect(view).toEqual({ slot: index, ...untouched })
  expect(pool.slots()).toHaveLength(4)
  const [one, two] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  warm(pool, one.module, 2)
  warm(pool, one.module, 2)
  using held = pool.acquire(two.module)
  const [a, b, c, d] = pool.slots()
  for (const view of [a!, b!]) {
    expect(view).toMatchObject({ state: 'affine', moduleId: one.module.id, moduleLabel: 'module-1', hits: 1 })
    expect(mappedIn(view)).toEqual([one.image.memfdName])
  }
  expect(c).toMatchObject({ slot: first(held).slot, state: 'in-use', moduleId: two.module.id, hits: 0 })
  expect([c!.base, c!.byteLength]).toEqual([first(held).memory.base, 4 * PAGE])
  expect(mappedIn(c!)).toEqual([two.image.memfdName])
  expect(d).toEqual({ slot: 3, ...untouched })
  const { moduleId } = await pool.purge(one.module)
  expect(moduleId).toBe(a!.moduleId)
  const [cleared, , still] = pool.slots()
  expect(cleared).toEqual({ slot: 0, ...untouched, state: 'empty', base: a!.base, byteLength: 4 * PAGE })
  expect(mappedIn(cleared!)).toEqual([])
  expect(still).toEqual(c)
  held.release()
})

test('hits are of the image that is there now', async () => {
  await using pool = poolOf({ slots: 1 })
  const [one, two] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  const hits = () => pool.slots()[0]!.hits
  for (const expected of [0, 1, 2]) {
    warm(pool, one.module, 1)
    expect(hits()).toBe(expected)
  }
  warm(pool, two.module, 1) // stolen
  expect(hits()).toBe(0)
  warm(pool, two.module, 1)
  expect(hits()).toBe(1)
  pool.acquire(two.module).release({ discardReservations: true })
  expect(pool.slots()[0]).toMatchObject({ state: 'empty', hits: 0, base: undefined, byteLength: undefined })
  warm(pool, two.module, 1)
  expect(hits()).toBe(0)
})

test('two memories of one module are two images', async () => {
  await using pool = poolOf({ slots: 2 })
  const wide = wideModuleOf(pool, 2)
  using _other = pool.acquire(moduleOf(pool, 1).module)
  const use = (memory: number) => {
    using lease = pool.acquire(wide, { memories: [memory] })
    return pool.slots()[first(lease).slot]
  }
  expect(use(0)).toMatchObject({ state: 'in-use', moduleId: wide.id, hits: 0 })
  expect(use(0)).toMatchObject({ state: 'in-use', moduleId: wide.id, hits: 1 })
  expect(use(1)).toMatchObject({ state: 'in-use', moduleId: wide.id, hits: 0 })
})

test('warm is a slot with an attachment, and only for the module that left it', async () => {
  await using pool = poolOf({ slots: 1 })
  const [one, two] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  const lease = pool.acquire(one.module)
  expect(pool.slots()[0]!.warm).toBe(false)
  first(lease).attachment = { alive: true }
  lease.release()
  expect(pool.slots()[0]).toMatchObject({ state: 'affine', warm: true })
  warm(pool, two.module, 1)
  expect(pool.slots()[0]).toMatchObject({ state: 'affine', warm: false })
})

test('queued slots, until they are reset', async () => {
  await using pool = poolOf({ slots: 3, resetBatchSize: 4 })
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 2)
  expect(states(pool)).toEqual(['queued', 'queued', 'untouched'])
  expect(pool.slots()[1]).toMatchObject({ moduleId: module.id, hits: 0 })
  await turn()
  await turn()
  expect(states(pool)).toEqual(['affine', 'affine', 'untouched'])
})

test('memory is asked of the kernel where that is wanted', async () => {
  await using pool = poolOf({ slots: 4, keepResidentBytes: 0 })
  const { module } = moduleOf(pool, 1)
  const gone = moduleOf(pool, 2)
  warm(pool, gone.module, 2)
  await pool.purge(gone.module)
  using lease = pool.acquire(module)
  first(lease).memory.write(0, new Uint8Array(3 * 4096).fill(42))
  const bytes = pool.slots({ residentBytes: true }).map(({ residentBytes }) => residentBytes)
  expect(bytes.toSorted()).toEqual([0, 0, 0, 3 * 4096].toSorted())
  expect(bytes[first(lease).slot]).toBe(3 * 4096)
  expect(pool.slots().map(({ residentBytes }) => residentBytes)).toEqual(Array(4).fill(undefined))
  expect(pool.slots({ residentBytes: false })[0]!.residentBytes).toBeUndefined()
})

test('a retired slot names the module that it may hold something of', async () => {
  const made: RawReservation[] = []
  const pool = poolOf({
    slots: 2,
    createReservation: () => {
      const reservation = new RawReservation(4 * PAGE)
      made.push(reservation)
      return { base: reservation.base, byteLength: reservation.byteLength }
    },
  })
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 2)
  {
    using _faults = injectFaults(({ call }) =>
      call === 'mmap' || call === 'mprotect' ? 'ENOMEM' : undefined,
    )
    expect((await pool.purge(module)).failedSlots.toSorted()).toEqual([0, 1])
  }
  for (const view of pool.slots())
    expect(view).toMatchObject({
      state: 'retired',
      moduleId: module.id,
      moduleLabel: 'module-1',
      warm: false,
    })
  await pool.close()
  for (const reservation of made) reservation[Symbol.dispose]()
})

test('address space of another kind is named while it is parked', async () => {
  await using pool = poolOf({ slots: 1, reservationKinds: ['narrow', 'wide'] })
  const narrow = moduleOf(pool, 1)
  warm(pool, narrow.module, 1)
  const { base } = pool.slots()[0]!
  const image = imageOf(2)
  const wide = pool.register({ memories: [{ image, initialBytes: PAGE, kind: 'wide' }] })
  image.release()
  warm(pool, wide, 1)
  const [view] = pool.slots()
  expect(view).toMatchObject({ state: 'affine', moduleId: wide.id, parked: [{ base, byteLength: 4 * PAGE }] })
  expect(view!.base).not.toBe(base)
  warm(pool, narrow.module, 1)
  expect(pool.slots()[0]).toMatchObject({ base, parked: [{ base: view!.base, byteLength: 4 * PAGE }] })
})

test('a closed pool has slots without address space', async () => {
  const pool = poolOf({ slots: 3 })
  wideModuleOf(pool, 2)
  warm(pool, moduleOf(pool, 1).module, 2)
  await pool.close()
  const empty = { ...untouched, state: 'empty' }
  expect(pool.slots()).toEqual([
    { slot: 0, ...empty },
    { slot: 1, ...empty },
    { slot: 2, ...untouched },
  ])
})
