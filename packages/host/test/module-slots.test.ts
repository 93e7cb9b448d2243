/** What is told of modules: whose they are, and what they have in slots. */
import { afterEach, expect, it, vi } from 'vitest'
import { ModuleSlotCounts } from '../src/slot-map/module-slots.ts'
import type { MapSlot, SlotMapState } from '../src/slot-map/page/slot-map-state.ts'
import { WorkerThread } from '../src/workers/worker-thread.ts'
import { command } from './support/programs.ts'
import { startHost, type TestHost } from './support/test-host.ts'

afterEach(() => void vi.restoreAllMocks())

interface Told {
  readonly uid: string
  readonly owner?: string
  readonly slots: object
}

async function tell({ admin }: TestHost, uid: string): Promise<Told> {
  return (await (await fetch(`${admin}/v1/modules/${uid}`)).json()) as Told
}

async function list({ admin }: TestHost): Promise<Told[]> {
  return ((await (await fetch(`${admin}/v1/modules`)).json()) as { modules: Told[] }).modules
}

it('says who has put a module', async () => {
  await using host = await startHost({ workers: 1 })
  const owner = 'kube-system/warmslot-operator.v1'
  expect(await (await host.put('one', command, { owner })).json()).toMatchObject({ owner })
  expect(await (await host.put('two', command)).json()).not.toHaveProperty('owner')
  expect((await list(host)).map((one) => [one.uid, one.owner])).toEqual([
    ['one', owner],
    ['two', undefined],
  ])
  expect((await tell(host, 'one')).owner).toBe(owner)
  expect((await host.put('one', command, { owner })).status).toBe(200)
  for (const other of [{ owner: 'another' }, {}])
    expect((await host.put('one', command, other)).status).toBe(409)
  expect(await (await host.purge('one')).json()).not.toHaveProperty('owner')
})

it('says what a module has in slots: a worker each that is warm, what is in use, and nothing of others', async () => {
  await using host = await startHost()
  expect(await list(host)).toEqual([])
  expect(await (await host.put('one', command)).json()).not.toHaveProperty('slots')
  await expect
    .poll(async () => (await tell(host, 'one')).slots)
    .toMatchObject({ affine: 2, warm: 2, inUse: 0 })
  await host.put('loop', command, { timeLimitMs: 5_000, warmSlots: 6 })
  const running = host.run('loop', 'l')
  await expect
    .poll(async () => (await tell(host, 'loop')).slots, { timeout: 4_500 })
    .toMatchObject({ affine: 5, warm: 5, inUse: 1 })
  expect(await list(host)).toMatchObject([
    { uid: 'one', slots: { affine: 2, warm: 2, inUse: 0 } },
    { uid: 'loop', slots: { affine: 5, warm: 5, inUse: 1 } },
  ])
  expect((await running).status).toBe(504)
  await expect
    .poll(async () => (await tell(host, 'loop')).slots, { timeout: 4_500 })
    .toMatchObject({ affine: 6, inUse: 0 })
})

it('says how much memory a module has written', async () => {
  await using host = await startHost({ workers: 1 })
  await host.put('one', command, { warmSlots: 3 })
  // 64 KiB and more of its memory, which stay resident after the reset.
  await host.run('one', 'e', 'x'.repeat(65_536))
  const resident = async (): Promise<number> =>
    ((await tell(host, 'one')).slots as { residentBytes: number }).residentBytes
  await expect.poll(resident, { timeout: 10_000 }).toBeGreaterThanOrEqual(65_536)
})

it('asks each worker once a second at most, however many want to know', async () => {
  await using host = await startHost()
  await host.put('one', command)
  const request = vi.spyOn(WorkerThread.prototype, 'request')
  const questions = (): string[] => request.mock.calls.map(([{ type }]) => type)
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 5_000)
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? list(host) : tell(host, 'one'))),
  )
  await list(host)
  expect(questions()).toEqual(['slots', 'slots'])
})

function slot(module: string, more: Partial<MapSlot> = {}): MapSlot {
  return { state: 'affine', module, warm: false, hits: 0, ...more }
}

it('adds up all workers; retired slots are none of these', async () => {
  const first = {
    1: slot('a', { warm: true, residentBytes: 1 }),
    2: slot('a', { residentBytes: 10 }),
    3: slot('a', { state: 'queued', warm: true }),
    4: slot('b', { state: 'in-use', warm: true, residentBytes: 100 }),
  }
  const second = {
    1: slot('a', { state: 'in-use', warm: true, residentBytes: 1_000 }),
    2: slot('a', { state: 'retired', residentBytes: 10_000 }),
    3: { state: 'empty', warm: false, hits: 5 } as const,
  }
  const workers = { 1: { busy: false, slots: first }, 2: { busy: true, slots: second } }
  const state: SlotMapState = { startedAt: '', slotsPerWorker: 8, workers, modules: {} }
  let [looks, nowMs] = [0, 50]
  const watch = {
    look() {
      looks += 1
      return Promise.resolve(state)
    },
  }
  const counts = new ModuleSlotCounts(watch, () => nowMs)
  const of = await counts.count()
  expect(of('a')).toEqual({ affine: 3, warm: 2, inUse: 1, residentBytes: 11_011 })
  expect(of('b')).toEqual({ affine: 0, warm: 0, inUse: 1, residentBytes: 100 })
  expect(of('c')).toEqual({ affine: 0, warm: 0, inUse: 0, residentBytes: 0 })
  const seen: number[] = []
  for (const afterMs of [999, 999, 1_998, 1_999]) {
    nowMs = 50 + afterMs
    if (seen.length === 1) counts.forget()
    await counts.count()
    seen.push(looks)
  }
  expect(seen).toEqual([1, 2, 2, 3])
})
