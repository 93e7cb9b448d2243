import { expect, test } from 'vitest'
import { microTimestamp, systemClock, timestamp, wait } from '../../src/index.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

test('a timer further away than Node’s timers reach does not fire at once', async () => {
  let fired = false
  const cancel = systemClock.after(2 ** 40, () => (fired = true))
  await new Promise((resolve) => setTimeout(resolve, 20))
  cancel()
  expect(fired).toBe(false)
})

test('a wait ends by its time, or by the signal, and leaves nothing behind', async () => {
  const clock = new ManualClock()
  const stop = new AbortController()
  let ended = 0
  void wait(clock, 100, stop.signal).then(() => (ended += 1))
  void wait(clock, 1_000, stop.signal).then(() => (ended += 1))
  await clock.advance(100)
  expect(ended).toBe(1)
  stop.abort()
  await settle()
  expect([ended, clock.pendingMs]).toEqual([2, []])
  await wait(clock, 1_000, stop.signal)
  expect(clock.pendingMs).toEqual([])
})

test('moments are written as the API reads them', () => {
  const date = new Date('2026-01-02T03:04:05.678Z')
  expect([timestamp(date), microTimestamp(date)]).toEqual([
    '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.678000Z',
  ])
})
