/** The slot map's state over HTTP: what a page, or anybody else, is told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import type { MapSlot, SlotMapState } from '../src/slot-map/page/slot-map-state.ts'
import { SlotWatch } from '../src/slot-map/slot-watch.ts'
import { WorkerThread } from '../src/workers/worker-thread.ts'
import { command, numbered } from './support/programs.ts'
import { openStream, slotsOf } from './support/slot-stream.ts'
import { startHost } from './support/test-host.ts'

afterEach(() => void vi.restoreAllMocks())

it('tells the state once', async () => {
  await using host = await startHost()
  await host.put('one', numbered(1), { name: 'first' })
  await host.run('first', '')
  await host.run('first', '')
  const response = await fetch(`${host.admin}/v1/slots`)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const state = (await response.json()) as SlotMapState
  expect(state).toMatchObject({ slotsPerWorker: 8, modules: { one: { name: 'first', state: 'ready' } } })
  expect(Object.keys(state.workers)).toHaveLength(2)
  // Each worker is warm from the module's loading on.
  const warm = expect.objectContaining({ state: 'affine', warm: true })
  expect(slotsOf(state, 'one')).toEqual([warm, warm])
  const slots = Object.values(state.workers).flatMap((worker) => Object.values(worker.slots))
  expect(slots.reduce((sum, { hits }) => sum + hits, 0)).toBe(2)
  for (const { residentBytes } of slots) expect(residentBytes).toEqual(expect.any(Number))
})

it('streams a whole state, then what changes: a run, a snapshot, a purge', async () => {
  await using host = await startHost()
  await using stream = await openStream(host.admin)
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  await stream.until(({ workers }) => Object.keys(workers).length === 2)
  await host.put('one', numbered(1))
  await stream.until(({ modules }) => modules['one']?.state === 'ready')
  await stream.until((state) => slotsOf(state, 'one').length === 2)
  await host.run('one', '')
  await host.purge('one')
  const { modules } = await stream.until((state) => slotsOf(state, 'one').length === 0)
  expect(modules['one']).toBeUndefined()
  expect(stream.events[0]).toBe('state')
  expect(new Set(stream.events.slice(1))).toEqual(new Set(['changes']))
})

it('asks the workers once for all who watch, and nothing when nobody does', async () => {
  await using host = await startHost()
  const look = vi.spyOn(SlotWatch.prototype, 'look')
  const request = vi.spyOn(WorkerThread.prototype, 'request')
  const questions = (): number => request.mock.calls.filter(([{ type }]) => type === 'slots').length
  await sleep(400)
  expect([look.mock.calls.length, questions()]).toEqual([0, 0])
  await using first = await openStream(host.admin)
  await first.until(() => true)
  const streams = await Promise.all(Array.from({ length: 10 }, () => openStream(host.admin)))
  for (const stream of streams) await stream.until(() => true)
  await host.put('one', numbered(1))
  for (const stream of [first, ...streams])
    await stream.until(({ modules }) => modules['one']?.state === 'ready')
  // Each event of the first one is of a look, and each look asks each of the two workers once at most, however many watch.
  expect(first.events.length).toBeLessThanOrEqual(look.mock.calls.length)
  expect(questions()).toBeLessThanOrEqual(2 * look.mock.calls.length)
  const [watch] = look.mock.contexts as SlotWatch[]
  expect(watch?.viewers).toBe(11)
  await first[Symbol.asyncDispose]()
  for (const stream of streams) await stream[Symbol.asyncDispose]()
  await vi.waitFor(() => expect(watch?.viewers).toBe(0), { timeout: 20_000 })
  const looks = look.mock.calls.length
  await sleep(600)
  expect(look.mock.calls.length).toBe(looks)
  expect(questions()).toBeLessThanOrEqual(2 * looks)
})

it('shows the last slots of a worker that is busy, and what keeps it so', async () => {
  await using host = await startHost({ workers: 1 })
  await host.put('program', command, { timeLimitMs: 3_000 })
  await host.run('program', 'c')
  await using stream = await openStream(host.admin)
  await stream.until((state) => slotsOf(state, 'program').length === 1)
  const run = host.run('program', 'l')
  const { workers } = await stream.until((state) => Object.values(state.workers).some(({ busy }) => busy))
  expect(Object.values(workers)[0]).toMatchObject({ busy: true, running: 'program' })
  expect(slotsOf(stream.state, 'program')).toEqual([expect.objectContaining({ state: 'in-use' })])
  expect((await run).status).toBe(504)
  await stream.until((state) => Object.values(state.workers).every(({ busy }) => !busy))
  expect(Object.values(stream.state.workers)[0]).not.toHaveProperty('running')
})

/** Of the only worker. */
function onlySlots({ workers }: SlotMapState): Readonly<Record<string, MapSlot>> {
  return structuredClone(Object.values(workers)[0]!.slots)
}

function numbersOf(state: SlotMapState, is: (slot: MapSlot, number: string) => boolean): string[] {
  const slots = onlySlots(state)
  return Object.keys(slots).filter((number) => is(slots[number]!, number))
}

it('of several slots it shows the one that the guest has', async () => {
  await using host = await startHost({ workers: 1 })
  await host.put('program', command, { timeLimitMs: 1_000, warmSlots: 4 })
  await using stream = await openStream(host.admin)
  await stream.until((state) => slotsOf(state, 'program').length === 4)
  const before = onlySlots(stream.state)
  const run = host.run('program', 'l')
  await stream.until((state) => Object.values(state.workers).some(({ busy }) => busy))
  const shown = numbersOf(stream.state, ({ state }) => state === 'in-use')
  expect(shown).toHaveLength(1)
  await run
  await stream.until((state) => Object.values(state.workers).every(({ busy }) => !busy))
  expect(numbersOf(stream.state, ({ hits }, number) => hits > before[number]!.hits)).toEqual(shown)
})

it('ends its streams with the host', async () => {
  const host = await startHost({ drainMs: 20_000 })
  await using stream = await openStream(host.admin)
  await stream.until(() => true)
  const start = performance.now()
  await Promise.all([host.host.close(), stream.ended()])
  expect(performance.now() - start).toBeLessThan(10_000)
})

it('gives everybody the page, and the data to those with the token', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warmslot-token-'))
  try {
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, 'a-token-of-the-test\n')
    await using host = await startHost({ tokenFile })
    const page = await fetch(`${host.admin}/`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    for (const [, file] of (await page.text()).matchAll(/(?:href|src)="([^"]+)"/g))
      expect([file, (await fetch(`${host.admin}/${file}`)).status]).toEqual([file, 200])
    expect((await fetch(`${host.admin}/v1/slots`)).status).toBe(401)
    expect((await fetch(`${host.admin}/v1/slots/events`)).status).toBe(401)
    const headers = { authorization: 'Bearer a-token-of-the-test' }
    expect((await fetch(`${host.admin}/v1/slots`, { headers })).status).toBe(200)
    await using stream = await openStream(host.admin, headers)
    expect((await stream.until(() => true)).slotsPerWorker).toBe(8)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('has room for so many streams, and says so', async () => {
  await using host = await startHost({ workers: 1 })
  const streams = await Promise.all(Array.from({ length: 64 }, () => openStream(host.admin)))
  expect(new Set(streams.map(({ response }) => response.status))).toEqual(new Set([200]))
  const refused = await fetch(`${host.admin}/v1/slots/events`)
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'WARMSLOT_OVERLOADED' }])
  for (const stream of streams) await stream[Symbol.asyncDispose]()
})
