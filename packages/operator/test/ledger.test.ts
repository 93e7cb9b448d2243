/** What a Module's ledger becomes: written before anything is sent, purged before it is forgotten. */
import { describe, expect, it } from 'vitest'
import { planLedger } from '../src/controller/ledger.ts'
import { hostSettings, settingsFingerprint } from '../src/controller/module-settings.ts'
import type { KnownHost } from '../src/hosts/host-directory.ts'
import type { HostRecord, Module } from '../src/resource/module.ts'
import { host, module, record } from './support/host-records.ts'

const now = '2026-01-01T00:01:00.000Z'
const settingsOf = (one: Module): string => settingsFingerprint(hostSettings(one))
interface Plan {
  readonly records: readonly HostRecord[]
  readonly loads: number
}
const plan = (one: Module, records: readonly HostRecord[], hosts: readonly KnownHost[]): Plan => {
  const { kept, added, loads } = planLedger(
    one,
    records,
    hosts,
    () => ({ metadata: { uid: 'node-uid-a' }, status: { nodeInfo: { bootID: 'boot-1' } } }) as never,
    now,
  )
  return { records: [...kept, ...added], loads }
}
const states = ({ records }: { records: readonly HostRecord[] }): string[] =>
  records.map(({ hostUID, podUID, instance, state }) => `${podUID}/${instance} ${hostUID} ${state}`)

describe('a Module', () => {
  it('gets an entry for each host that it shall be on, with all that may prove it gone', () => {
    const next = plan(module(), [], [host(), host({ uid: 'pod-b', name: 'host-b' })])
    expect(states(next)).toEqual([
      'pod-a/instance-1 module-uid Loading',
      'pod-b/instance-1 module-uid Loading',
    ])
    expect(next.records[0]).toEqual(record({ settings: settingsOf(module()), state: 'Loading', since: now }))
  })

  it('gets none for hosts that fail, that leave, that are not known yet, that are young, that have terminated, or that are not selected', () => {
    const terminated = { state: { terminated: { exitCode: 0 } } }
    const selective = module({
      spec: { ...module().spec, hosts: { selector: { matchLabels: { tier: 'a' } } } },
    })
    const labels = { tier: 'a' }
    const hosts = [
      host({ labels, failing: 'no answer' }),
      host({ labels, deleting: true }),
      { ...host({ labels }), identity: undefined },
      host({ labels, containerStatus: terminated }),
      host({ labels: { tier: 'b' } }),
      // Its kubelet may still speak of the container before it.
      { ...host({ labels }), identity: { ...host().identity!, startedAt: '2026-01-01T00:00:08.000Z' } },
    ]
    expect(plan(selective, [], hosts)).toEqual({ records: [], loads: 0 })
    expect(plan(selective, [], [host({ labels })]).records).toHaveLength(1)
  })

  it('keeps its entries as they are while nothing changes', () => {
    const settings = settingsOf(module())
    for (const state of ['Loading', 'Loaded', 'Failed'] as const) {
      const records = [record({ settings, state })]
      expect(plan(module(), records, [host()])).toEqual({ records, loads: 0 })
    }
  })

  it('gets another entry for another process in the same pod, and keeps that of the first', () => {
    const settings = settingsOf(module())
    const next = plan(module(), [record({ settings, state: 'Loaded' })], [host({ instance: 'instance-2' })])
    expect(states(next)).toEqual([
      'pod-a/instance-1 module-uid Loaded',
      'pod-a/instance-2 module-uid Loading',
    ])
  })
})

describe('other settings', () => {
  const changed = module({ spec: { ...module().spec, limits: { timeMs: 5 } } })
  const old = record({ settings: settingsOf(module()), state: 'Loaded' })

  it('are loaded beside the old ones under another UID, which go when the new ones are there', () => {
    const first = plan(changed, [old], [host()])
    expect(states(first)).toEqual([
      'pod-a/instance-1 module-uid Loaded',
      'pod-a/instance-1 module-uid.1 Loading',
    ])
    const loaded = first.records.map((one) => ({ ...one, state: 'Loaded' as const }))
    const second = plan({ ...changed, status: { loads: first.loads } }, loaded, [host()])
    expect(states(second)).toEqual([
      'pod-a/instance-1 module-uid Purging',
      'pod-a/instance-1 module-uid.1 Loaded',
    ])
  })

  it('replace at once what had been refused', () => {
    const next = plan(changed, [{ ...old, state: 'Failed' }], [host()])
    expect(states(next)).toEqual([
      'pod-a/instance-1 module-uid Purging',
      'pod-a/instance-1 module-uid.1 Loading',
    ])
  })

  it('are other ones only where a value is another', () => {
    const same = module({ spec: { ...module().spec, limits: {}, hosts: { selector: {} } } })
    expect(settingsOf(same)).toBe(settingsOf(module()))
    expect(settingsOf(changed)).not.toBe(settingsOf(module()))
  })
})

describe('a host', () => {
  const settings = settingsOf(module())
  const loaded = record({ settings, state: 'Loaded' })

  it('that is not selected any more is purged, and gets a UID that it has not purged when it is selected again', () => {
    const elsewhere = module({
      spec: {
        ...module().spec,
        hosts: { selector: { matchExpressions: [{ key: 'no', operator: 'Exists' }] } },
      },
    })
    const purging = plan(elsewhere, [loaded], [host()])
    expect(states(purging)).toEqual(['pod-a/instance-1 module-uid Purging'])
    const again = plan(module({ status: { loads: purging.loads } }), [], [host()])
    expect(states(again)).toEqual(['pod-a/instance-1 module-uid.1 Loading'])
  })

  it('that is about to go takes its memory with it: nothing is asked of it', () => {
    expect(plan(module(), [loaded], [host({ deleting: true })]).records).toEqual([loaded])
  })

  it('that has lost a module gets it again, under another UID', () => {
    const lost = { ...host(), listedAt: new Date(Date.parse(loaded.since) + 1) }
    expect(states(plan(module(), [loaded], [lost]))).toEqual([
      'pod-a/instance-1 module-uid Purging',
      'pod-a/instance-1 module-uid.1 Loading',
    ])
    const before = { ...lost, listedAt: new Date(Date.parse(loaded.since) - 1) }
    expect(plan(module(), [loaded], [before]).records).toEqual([loaded])
  })
})

it('a ledger has a limit, and grows no further', () => {
  const hosts = Array.from({ length: 1_100 }, (_, index) => host({ uid: `pod-${index}` }))
  expect(plan(module(), [], hosts).records).toHaveLength(1_000)
})
