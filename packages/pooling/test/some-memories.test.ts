/** Leases of some of a module's memories: the others are provided otherwise, or turn out not to be needed. */

import { InvalidOptionError } from '@warmslot/index-allocator'
import { expect, test } from 'vitest'
import { LeaseReleasedError, PoolExhaustedError } from '../src/index.ts'
import { first, poolOf, wideModuleOf } from './support.ts'

test('only the named memories take slots, in the order in which they are named', async () => {
  await using pool = poolOf({ slots: 3 })
  const module = wideModuleOf(pool, 3, 20)
  const other = pool.acquire(module, { memories: [1] })
  expect(() => pool.acquire(module)).toThrow(PoolExhaustedError)
  const lease = pool.acquire(module, { memories: [2, 0] })
  expect(lease.memories.map(({ memory }) => memory.read(0, 1)[0])).toEqual([22, 20])
  expect(pool.metrics()).toMatchObject({ leases: 2, inUse: 3 })
  expect(() => pool.acquire(module, { memories: [1] })).toThrow(PoolExhaustedError)
  const none = pool.acquire(module, { memories: [] })
  expect(none.memories).toEqual([])
  none.release()
  lease.release()
  other.release()
  const waited = await pool.acquireWhenFree(module, { memories: [1] })
  expect(first(waited).memory.read(0, 1)[0]).toBe(21)
  waited.release()
})

test.each([[[3]], [[-1]], [[0, 0]], [[0.5]]])('%j is refused', async (memories) => {
  await using pool = poolOf()
  const module = wideModuleOf(pool, 3)
  expect(() => pool.acquire(module, { memories })).toThrow(InvalidOptionError)
  await expect(pool.acquireWhenFree(module, { memories })).rejects.toThrow(InvalidOptionError)
  expect(pool.metrics().leases).toBe(0)
})

test('who waits for one of two is served when one is free', async () => {
  await using pool = poolOf({ slots: 2 })
  const module = wideModuleOf(pool, 2)
  const [one, two] = [pool.acquire(module, { memories: [0] }), pool.acquire(module, { memories: [1] })]
  const waiting = pool.acquireWhenFree(module, { memories: [0] })
  two.release()
  expect((await waiting).memories).toHaveLength(1)
  one.release()
  ;(await waiting).release()
})

test('what is not needed goes back early: reset, affine, and to those who wait', async () => {
  await using pool = poolOf({ slots: 2 })
  const module = wideModuleOf(pool, 2, 30)
  const lease = pool.acquire(module)
  const [kept, unneeded] = [lease.memories[0]!, lease.memories[1]!]
  const waiting = pool.acquireWhenFree(module, { memories: [1] })
  unneeded.memory.write(0, Uint8Array.of(99))
  lease.releaseSome([unneeded])
  expect(lease.memories).toEqual([kept])
  expect(() => unneeded.memory).toThrow(LeaseReleasedError)
  lease.releaseSome([unneeded])
  const next = await waiting
  expect(next.kind).toBe('affine')
  expect(first(next).memory.read(0, 1)[0]).toBe(31)
  const purge = pool.purge(module)
  next.release()
  lease.release()
  expect((await purge).slotsCleared).toBe(2)
  expect(() => lease.releaseSome([])).toThrow(LeaseReleasedError)
  expect(pool.metrics().inUse).toBe(0)
})
