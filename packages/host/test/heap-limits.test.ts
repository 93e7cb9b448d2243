/**
 * Guests that fill V8's own heap: at most their own worker ends, and with it their own request. No other request is lost, none
 * gets another one's answer, and the process lives on.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { exporting, objects, tables } from './support/heap-bombs.ts'
import { Load, metric } from './support/load.ts'
import { command } from './support/programs.ts'
import { startHost, type TestHost } from './support/test-host.ts'
import { wat } from './support/wat.ts'

const mib = 2 ** 20
const workerHeapBytes = 32 * mib

interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json()) as Omit<Problem, 'status'>
  return { ...body, status: response.status }
}

const heapFull = {
  status: 502,
  code: 'WARMSLOT_WORKER_LOST',
  detail: expect.stringContaining('workerHeapBytes') as string,
}

async function nothingLeft(host: TestHost): Promise<void> {
  await sleep(1_500)
  expect(await metric(host, 'warmslot_host_unaccounted_mappings')).toBe(0)
}

describe('beside a module under load', () => {
  const settings = { timeLimitMs: 60_000 }
  const bombs: [what: string, bytes: Uint8Array<ArrayBuffer>, name: string, size: number][] = [
    ['large arrays in a loop', objects, 'f0', 8 * mib],
    ['arrays of 100 KB in a loop', objects, 'f0', 100_000],
    ['arrays of 5,000 bytes in a loop', objects, 'f0', 5_000],
    ['large arrays in straight-line code', objects, 'f1', 8 * mib],
    ['arrays of 1 MB in straight-line code', objects, 'f1', 1_000_000],
    ['small objects in a loop', objects, 'f2', 0],
    ['arrays of listed elements in a loop', objects, 'f3', 0],
    ['tables of functions, grown', tables('funcref', 8), 'fill', 262_144],
  ]

  it.each(bombs)(
    '%s',
    async (_, bytes, name, size) => {
      await using host = await startHost({ workerHeapBytes })
      await host.put('good', command)
      expect((await host.put('bad', bytes, settings)).status).toBe(201)
      await using load = new Load(host, 4)
      for (let turn = 0; turn < 3; turn += 1)
        expect(await problemOf(await host.call('bad', name, { arguments: [size] }))).toMatchObject(heapFull)
      await load.end()
      expect(load.wrong).toEqual([])
      expect(load.answered).toBeGreaterThan(10)
      expect(await metric(host, 'warmslot_host_workers_replaced_total')).toBe(3)
      // The module stays usable, and can be purged.
      if (name !== 'fill') expect((await host.call('bad', 'f1', { arguments: [8] })).status).toBe(200)
      expect((await host.purge('bad')).status).toBe(200)
      await nothingLeft(host)
    },
    120_000,
  )
})

it('what the limits forbid harms nobody: a trap, a failure, a refusal', async () => {
  await using host = await startHost({ workerHeapBytes })
  await host.put('objects', objects)
  const trap = await problemOf(await host.call('objects', 'f0', { arguments: [9 * mib] }))
  expect(trap).toMatchObject({
    code: 'WARMSLOT_GUEST_TRAPPED',
    detail: expect.stringContaining('requested new array is too large') as string,
  })
  await host.put('tables', tables('externref', 8))
  expect(await (await host.call('tables', 'grow', { arguments: [262_145] })).json()).toEqual({ result: -1 })
  expect(await (await host.call('tables', 'grow', { arguments: [1000] })).json()).toEqual({ result: 0 })
  const refused = async (uid: string, bytes: Uint8Array<ArrayBuffer>, option: string): Promise<void> => {
    const problem = await problemOf(await host.put(uid, bytes))
    expect(problem).toMatchObject({
      code: 'WARMSLOT_UNUSABLE_MODULE',
      detail: expect.stringContaining(`\`${option}\``) as string,
    })
  }
  await refused('many', tables('externref', 9), 'maxTables')
  await refused('large', tables('funcref', 1, 262_145), 'maxTableElements')
  expect(await metric(host, 'warmslot_host_workers_replaced_total')).toBe(0)
})

it('a hundred thousand exports are served, one more is refused', async () => {
  await using host = await startHost({ workerHeapBytes: 512 * mib })
  expect((await host.put('most', exporting(100_000))).status).toBe(201)
  expect((await host.call('most', 'e99998')).status).toBe(200)
  expect(await problemOf(await host.put('beyond', exporting(100_001)))).toMatchObject({
    code: 'WARMSLOT_UNUSABLE_MODULE',
    // Some versions of V8 have the same limit, and say so in their own words.
    detail: expect.stringMatching(/\b100001\b.*\b100000\b/) as string,
  })
  expect(await metric(host, 'warmslot_host_workers_replaced_total')).toBe(0)
}, 60_000)

it('a module whose instance does not fit ends one worker, and is refused', async () => {
  await using host = await startHost({ workerHeapBytes: 16 * mib })
  await host.put('good', command)
  await using load = new Load(host, 4)
  const start = wat(
    `(module (memory (export "memory") 1) ${'(table 262144 funcref)'.repeat(8)} (func (export "f")))`,
  )
  expect(await problemOf(await host.put('bad', start))).toMatchObject({
    code: 'WARMSLOT_UNUSABLE_MODULE',
    detail: expect.stringContaining('workerHeapBytes') as string,
  })
  await sleep(500)
  await load.end()
  expect(load.wrong).toEqual([])
  expect(load.answered).toBeGreaterThan(10)
  expect(await metric(host, 'warmslot_host_workers_replaced_total')).toBeLessThanOrEqual(3)
  await nothingLeft(host)
}, 60_000)
