/** How many slots and bytes a status says that all hosts have: what they sum up to, and when it is written for nothing else. */
import { describe, expect, it } from 'vitest'
import { Latest } from '../src/controller/latest.ts'
import { areFar, numbersOf } from '../src/controller/numbers.ts'
import { StatusWriter } from '../src/controller/status-writer.ts'
import type { KnownHost } from '../src/hosts/host-directory.ts'
import type { ApiClient } from '../src/kubernetes/cluster/api-client.ts'
import type { Module, ModuleStatus } from '../src/resource/module.ts'
import { host, module, record } from './support/host-records.ts'

const listed = (affineSlots: number, residentBytes: number): Partial<KnownHost> => ({
  listedAt: new Date(),
  modules: new Map([
    [
      'module-uid',
      { uid: 'module-uid', name: '', digest: '', state: 'ready', owner: '', affineSlots, residentBytes },
    ],
  ]),
})

describe('the numbers of a Module', () => {
  const before = { affineSlots: 7, residentBytes: 700 }
  const records = ['pod-a', 'pod-b'].map((podUID) => record({ podUID, state: 'Loaded' }))
  const of = (a: Partial<KnownHost>, b: Partial<KnownHost> | undefined, all = records): object =>
    numbersOf(before, all, (podUID) => {
      const facts = podUID === 'pod-a' ? a : b
      return facts && { ...host({ uid: podUID }), ...facts }
    })

  it('are those of all hosts together, as far as they have said something', () => {
    expect(of(listed(1, 100), listed(2, 50))).toEqual({ affineSlots: 3, residentBytes: 150 })
    expect(of(listed(1, 100), undefined)).toEqual({ affineSlots: 1, residentBytes: 100 })
    const failing = { identity: undefined, failing: { sinceMs: 0, reason: 'dark' } }
    expect(of(listed(1, 100), failing)).toEqual({ affineSlots: 1, residentBytes: 100 })
    expect(of({ listedAt: new Date() }, listed(2, 50))).toEqual({ affineSlots: 2, residentBytes: 50 })
  })

  it('stay, while a host has not been asked yet: whoever is new in charge knows nothing', () => {
    const unasked = { identity: undefined }
    expect(of(listed(1, 100), unasked)).toEqual(before)
    const none = { affineSlots: 0, residentBytes: 0 }
    expect(numbersOf(undefined, records, () => ({ ...host(), ...unasked }))).toEqual(none)
    // Nobody can ask it.
    expect(of(listed(1, 100), { ...unasked, pod: { ...host().pod, url: undefined } })).toEqual({
      affineSlots: 1,
      residentBytes: 100,
    })
  })

  it('have nothing of a host that has proved that it is gone there, whatever it has listed before', () => {
    const purged = [records[0]!, { ...records[1]!, state: 'Purged' as const }]
    expect(of(listed(1, 100), listed(2, 50), purged)).toEqual({ affineSlots: 1, residentBytes: 100 })
  })

  it.each([
    [0, 0, false],
    [0, 1, true],
    [1, 0, true],
    [3, 4, true],
    [100, 110, false],
    [100, 112, true],
    [110, 100, false],
    [112, 100, true],
  ])('%s and %s are far from each other: %s', (a, b, expected) => {
    expect(areFar({ affineSlots: a, residentBytes: 5 }, { affineSlots: b, residentBytes: 5 })).toBe(expected)
    expect(areFar({ affineSlots: 5, residentBytes: a }, { affineSlots: 5, residentBytes: b })).toBe(expected)
  })

  it('that are missing are none', () => {
    expect(areFar(undefined, { affineSlots: 0, residentBytes: 0 })).toBe(false)
    expect(areFar({}, { affineSlots: 1, residentBytes: 0 })).toBe(true)
  })
})

function status(affineSlots: number, hostName = 'ns.m'): ModuleStatus {
  return { hostName, affineSlots, residentBytes: 0 }
}

describe('a status', () => {
  let nowMs = 0
  let current: Module
  let writes = 0

  function writer(): StatusWriter {
    writes = 0
    current = module()
    const cluster = {
      async request({ body }: { body: { status: ModuleStatus } }) {
        writes += 1
        const resourceVersion = String(writes + 1)
        current = { ...current, metadata: { ...current.metadata, resourceVersion }, status: body.status }
        return current
      },
    } as unknown as ApiClient
    return new StatusWriter({ cluster, latest: new Latest(), numbersIntervalMs: 30_000, now: () => nowMs })
  }
  it('with other numbers only is written once in an interval, and where they are far', async () => {
    const statuses = writer()
    await statuses.write(current, status(1))
    expect(writes).toBe(1)
    expect(statuses.mayWriteNumbers('module-uid')).toBe(false)
    for (const affineSlots of [100, 200, 300]) {
      nowMs += 9_999
      expect(await statuses.write(current, status(affineSlots))).toBe(current)
    }
    expect(writes).toBe(1)
    nowMs += 3
    expect(statuses.mayWriteNumbers('module-uid')).toBe(true)
    await statuses.write(current, status(300))
    expect(writes).toBe(2)
    expect(current.status).toEqual(status(300))
    nowMs += 600_000
    for (const affineSlots of [300, 320, 280]) await statuses.write(current, status(affineSlots))
    expect(writes).toBe(2)
  })

  it('with something else is written at once, and has the numbers too', async () => {
    const statuses = writer()
    await statuses.write(current, status(100))
    await statuses.write(current, status(101, 'other'))
    expect([writes, current.status]).toEqual([2, status(101, 'other')])
    // Its numbers are as new.
    nowMs += 29_999
    await statuses.write(current, status(200, 'other'))
    expect(writes).toBe(2)
  })

  it('of another Module, or of one that has gone, waits for nothing', async () => {
    const statuses = writer()
    await statuses.write(current, status(1))
    expect(statuses.mayWriteNumbers('other')).toBe(true)
    statuses.forget('module-uid')
    expect(statuses.mayWriteNumbers('module-uid')).toBe(true)
  })
})
