/** Waiting for a slot: first come first served, with a deadline, a signal, and an end in every case. */

import { expect, test } from 'vitest'
import {
  type Lease,
  LimitExceededError,
  ModuleDroppedError,
  PoolClosedError,
  PoolExhaustedError,
  WaitTimeoutError,
} from '../src/index.ts'
import { moduleOf, poolOf, turn, warm, wideModuleOf } from './support.ts'

test('slots go out in the order of arrival, and nobody who needs one overtakes who needs two', async () => {
  await using pool = poolOf({ slots: 2 })
  const wide = wideModuleOf(pool, 2)
  const { module } = moduleOf(pool, 1)
  const held = [pool.acquire(module), pool.acquire(module)]
  const served: string[] = []
  const join = async (name: string, wanted: typeof module): Promise<Lease> => {
    const lease = await pool.acquireWhenFree(wanted)
    served.push(name)
    return lease
  }
  const waits = [
    join('single 1', module),
    join('wide', wide),
    join('single 2', module),
    join('single 3', module),
  ]
  expect(pool.metrics().waiting).toBe(4)
  held[0]!.release()
  await turn()
  expect(served).toEqual(['single 1'])
  held[1]!.release() // one free: not enough for the wide one, and the others stay behind it
  await turn()
  expect(served).toEqual(['single 1'])
  expect(() => pool.acquire(module)).toThrow(/3 callers wait already/)
  ;(await waits[0]!).release()
  await turn()
  expect(served).toEqual(['single 1', 'wide'])
  ;(await waits[1]!).release()
  await turn()
  expect(served).toEqual(['single 1', 'wide', 'single 2', 'single 3'])
  for (const wait of waits.slice(2)) (await wait).release()
  expect(pool.metrics()).toMatchObject({ waiting: 0, inUse: 0 })
})

test('who waits gets a slot at once where one is free', async () => {
  await using pool = poolOf({ slots: 1, resetBatchSize: 10 })
  const { module } = moduleOf(pool, 1)
  ;(await pool.acquireWhenFree(module, { waitMs: 0 })).release() // queued for a reset now
  ;(await pool.acquireWhenFree(module, { waitMs: 0 })).release()
})

test('a deadline ends the wait, and lets the next one move up', async () => {
  await using pool = poolOf({ slots: 2 })
  const wide = wideModuleOf(pool, 2)
  const { module } = moduleOf(pool, 1)
  const held = pool.acquire(module)
  const late = pool.acquireWhenFree(wide, { waitMs: 20 })
  const next = pool.acquireWhenFree(module)
  await expect(late).rejects.toMatchObject({
    code: 'WARMSLOT_WAIT_TIMEOUT',
    option: 'waitMs',
    limit: 20,
    ahead: 0,
  })
  await expect(late).rejects.toThrow(/20 ms \(option "waitMs"\).*2 slots \(option "slots"\)/)
  ;(await next).release()
  held.release()
  expect(pool.metrics()).toMatchObject({ timeouts: 1, waiting: 0, inUse: 0 })
  pool.acquire(wide).release()
})

test('no wait at all, and the pool-wide default', async () => {
  await using pool = poolOf({ slots: 1, waitMs: 5 })
  const { module } = moduleOf(pool, 1)
  using _held = pool.acquire(module)
  await expect(pool.acquireWhenFree(module, { waitMs: 0 })).rejects.toThrow(WaitTimeoutError)
  await expect(pool.acquireWhenFree(module)).rejects.toMatchObject({ limit: 5 })
  for (const waitMs of [-1, NaN, 2 ** 31]) {
    await expect(pool.acquireWhenFree(module, { waitMs })).rejects.toMatchObject({
      code: 'WARMSLOT_INVALID_OPTION',
      option: 'waitMs',
    })
  }
})

test('a signal ends the wait with its reason, and lets the next one move up', async () => {
  await using pool = poolOf({ slots: 2 })
  const wide = wideModuleOf(pool, 2)
  const { module } = moduleOf(pool, 1)
  const held = pool.acquire(module)
  const controller = new AbortController()
  const aborted = pool.acquireWhenFree(wide, { signal: controller.signal })
  const next = pool.acquireWhenFree(module)
  const reason = new Error('client went away')
  controller.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  ;(await next).release()
  await expect(pool.acquireWhenFree(module, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  held.release()
  expect(pool.metrics()).toMatchObject({ waiting: 0, inUse: 0 })
})

test('an abort after the slot was handed out changes nothing', async () => {
  await using pool = poolOf({ slots: 1 })
  const { module } = moduleOf(pool, 1)
  const held = pool.acquire(module)
  const controller = new AbortController()
  const wait = pool.acquireWhenFree(module, { signal: controller.signal })
  held.release()
  controller.abort()
  const lease = await wait
  expect(lease.released).toBe(false)
  lease.release()
})

test('the line has a limit', async () => {
  await using pool = poolOf({ slots: 1, maxWaiting: 2 })
  const { module } = moduleOf(pool, 1)
  const held = pool.acquire(module)
  const waits = [pool.acquireWhenFree(module), pool.acquireWhenFree(module)]
  const third = pool.acquireWhenFree(module)
  await expect(third).rejects.toThrow(LimitExceededError)
  await expect(third).rejects.toMatchObject({ option: 'maxWaiting', limit: 2, requested: 3 })
  held.release()
  for (const wait of waits) (await wait).release()
})

test('a purge turns away those who wait for its module, and only those', async () => {
  await using pool = poolOf({ slots: 2 })
  const wide = wideModuleOf(pool, 2)
  const { module } = moduleOf(pool, 1)
  const held = pool.acquire(module)
  const doomed = pool.acquireWhenFree(wide)
  const next = pool.acquireWhenFree(module)
  const purging = pool.purge(wide)
  expect(pool.metrics()).toMatchObject({ waiting: 0, inUse: 2 }) // the way is free at once, not when the purge is through
  await expect(doomed).rejects.toThrow(ModuleDroppedError)
  ;(await next).release()
  await purging
  expect(() => pool.acquire(wide)).toThrow(ModuleDroppedError)
  await expect(pool.acquireWhenFree(wide)).rejects.toThrow(ModuleDroppedError)
  held.release()
})

test('who waits gets the slot of an instance whose module is purged meanwhile', async () => {
  await using pool = poolOf({ slots: 1 })
  const [one, two] = [moduleOf(pool, 1).module, moduleOf(pool, 2).module]
  const held = pool.acquire(one)
  const wait = pool.acquireWhenFree(two)
  const purging = pool.purge(one)
  held.release()
  const lease = await wait
  expect(lease.kind).toBe('cold')
  expect(await purging).toMatchObject({ complete: true, waitedForInstances: 1 })
  lease.release()
})

test('closing turns everybody away', async () => {
  const pool = poolOf({ slots: 1 })
  const { module } = moduleOf(pool, 1)
  const held = pool.acquire(module)
  const wait = pool.acquireWhenFree(module)
  const closing = pool.close()
  await expect(wait).rejects.toThrow(PoolClosedError)
  expect(() => pool.acquire(module)).toThrow(PoolClosedError)
  await expect(pool.acquireWhenFree(module)).rejects.toThrow(PoolClosedError)
  held.release()
  await closing
})

test('while others wait, acquire says so rather than overtake', async () => {
  await using pool = poolOf({ slots: 1 })
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 1)
  const held = pool.acquire(module)
  const wait = pool.acquireWhenFree(module)
  expect(() => pool.acquire(module)).toThrow(PoolExhaustedError)
  held.release() // goes straight to the one who waits
  expect(() => pool.acquire(module)).toThrow(PoolExhaustedError)
  ;(await wait).release()
  pool.acquire(module).release()
})
