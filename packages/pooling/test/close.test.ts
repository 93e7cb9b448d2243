/** The end of a pool: everything goes back to the kernel, after the last lease. */

import { expect, test } from 'vitest'
import { RawReservation } from '@warmslot/memory-image'
import { injectFaults } from '@warmslot/memory-image/testing'
import { IncompleteCloseError, PoolClosedError } from '../src/index.ts'
import { first, moduleOf, PAGE, poolOf, tracesOf, turn, warm } from './support.ts'

test('close purges every module, waits for leases, and gives all address space back', async () => {
  const reservations: RawReservation[] = []
  const pool = poolOf({
    slots: 6,
    resetBatchSize: 4,
    createReservation: () => {
      reservations.push(new RawReservation(4 * PAGE))
      return reservations.at(-1)!
    },
  })
  const modules = [1, 2, 3].map((fill) => moduleOf(pool, fill))
  for (const { module } of modules) warm(pool, module, 2)
  const held = pool.acquire(modules[0]!.module)
  let closed = false
  const closing = pool.close().then(() => (closed = true))
  expect(() => pool.acquire(modules[0]!.module)).toThrow(PoolClosedError)
  expect(() => pool.register({ memories: [] })).toThrow(PoolClosedError)
  for (let turns = 0; turns < 5; turns += 1) await turn()
  expect(closed).toBe(false)
  expect(first(held).memory.read(0, 1)).toEqual(Uint8Array.of(1)) // its holder goes on undisturbed
  held.release()
  await closing
  for (const { image, module } of modules) {
    expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
    expect(image.closed).toBe(true)
    expect(module.state).toBe('purged')
  }
  expect(reservations.length).toBeGreaterThan(0)
  expect(reservations.map(({ byteLength }) => byteLength)).toEqual(reservations.map(() => 0))
  await pool.close() // again: nothing
})

test('a pool that was never used closes', async () => {
  const pool = poolOf()
  await pool.close()
  expect(() => pool.register({ memories: [] })).toThrow(PoolClosedError)
})

test('an address range that the kernel keeps is named, and tried again by the next close', async () => {
  const pool = poolOf({ slots: 3 })
  warm(pool, moduleOf(pool, 1).module, 2)
  {
    using _faults = injectFaults(({ call }) => (call === 'munmap' ? 'ENOMEM' : undefined))
    const closing = pool.close()
    await expect(closing).rejects.toThrow(IncompleteCloseError)
    await expect(closing).rejects.toMatchObject({
      code: 'WARMSLOT_INCOMPLETE_CLOSE',
      slots: [0, 1],
      cause: { syscall: 'munmap' },
    })
  }
  await pool.close()
})
