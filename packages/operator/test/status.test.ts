/** What a Module's status says, living and deleted. */
import { describe, expect, it } from 'vitest'
import { deletedStatus } from '../src/controller/deleted-status.ts'
import { livingStatus } from '../src/controller/living-status.ts'
import { hostSettings, settingsFingerprint } from '../src/controller/module-settings.ts'
import type { HostRecord, Module } from '../src/resource/module.ts'
import { host, module, record } from './support/host-records.ts'

const now = '2026-01-01T00:01:00.000Z'
const numbers = { affineSlots: 3, residentBytes: 4096 }
const settings = settingsFingerprint(hostSettings(module()))
const words = ({ status, reason }: { status: string; reason: string }): string => `${status} ${reason}`
const conditionsOf = (status: NonNullable<Module['status']>): Record<string, string> =>
  Object.fromEntries((status.conditions ?? []).map((one) => [one.type, words(one)]))

describe('a Module that is not deleted', () => {
  const two = [host(), host({ uid: 'pod-b', name: 'host-b' })]
  const loaded = (podUID: string): HostRecord => record({ podUID, settings, state: 'Loaded' })
  const status = (
    records: HostRecord[],
    hosts = two,
    source?: { reason: string; message: string },
  ): NonNullable<Module['status']> => livingStatus(module(), records, hosts, numbers, source, now)

  const awaited = { reason: 'WaitingForSource', message: 'elsewhere' }

  it('is ready when all hosts have it, available when one has', () => {
    const ready = status([loaded('pod-a'), loaded('pod-b')])
    expect(conditionsOf(ready)).toEqual({
      Ready: 'True Loaded',
      Available: 'True Loaded',
      Purged: 'False InUse',
      ReleaseBlocked: 'False InUse',
    })
    expect(ready).toMatchObject({
      hosts: { summary: '2/2' },
      hostName: 'ns.m',
      affineSlots: 3,
      residentBytes: 4096,
    })
    expect(conditionsOf(status([loaded('pod-a')]))).toMatchObject({
      Ready: 'False WaitingForHosts',
      Available: 'True Loaded',
    })
  })

  it.each<
    [string, HostRecord[], ReturnType<typeof host>[], { reason: string; message: string } | undefined, string]
  >([
    ['no host', [], [], undefined, 'False NoHosts'],
    ['no bytes', [], two, { reason: 'DigestMismatch', message: 'other bytes' }, 'False DigestMismatch'],
    ['bytes that are awaited', [], two, awaited, 'False WaitingForSource'],
    [
      // What is wrong with a host says more.
      'bytes that are awaited, and a host that did not take them before',
      [loaded('pod-a'), record({ podUID: 'pod-b', settings, state: 'Loading', reason: 'HostUnreachable' })],
      two,
      awaited,
      'False HostUnreachable',
    ],
    [
      'a host that refuses it',
      [
        loaded('pod-a'),
        record({ podUID: 'pod-b', settings, state: 'Failed', reason: 'WARMSLOT_UNUSABLE_MODULE' }),
      ],
      two,
      undefined,
      'False LoadFailed',
    ],
    [
      'a host that does not answer',
      [loaded('pod-a'), loaded('pod-b')],
      [host(), host({ uid: 'pod-b', name: 'host-b', failing: 'no answer' })],
      undefined,
      'False HostUnreachable',
    ],
  ])('with %s says so', (_, records, hosts, source, expected) => {
    expect(conditionsOf(status(records, hosts, source))['Ready']).toBe(expected)
  })

  it('is as the ledger says on hosts that have not been asked yet: whoever is new in charge changes nothing', () => {
    const unasked = two.map((one) => ({ ...one, identity: undefined }))
    const records = [loaded('pod-a'), loaded('pod-b')]
    const known = status(records)
    expect(status(records, unasked)).toEqual(known)
    expect(conditionsOf(status([loaded('pod-a')], unasked))['Ready']).toBe('False WaitingForHosts')
    const loading = [loaded('pod-a'), { ...loaded('pod-b'), state: 'Loading' as const }]
    expect(conditionsOf(status(loading, unasked))['Ready']).toBe('False WaitingForHosts')
    const others = [loaded('pod-a'), { ...loaded('pod-b'), settings: 'others' }]
    expect(conditionsOf(status(others, unasked))['Ready']).toBe('False WaitingForHosts')
    const [, silent] = unasked
    const failing = { ...silent!, failing: { sinceMs: 0, reason: 'no answer' } }
    expect(conditionsOf(status(records, [two[0]!, failing]))['Ready']).toBe('False HostUnreachable')
    const withoutAddress = { ...silent!, pod: { ...silent!.pod, url: undefined } }
    expect(conditionsOf(status(records, [two[0]!, withoutAddress]))['Ready']).toBe('False WaitingForHosts')
  })

  it('stays ready without its source: nobody needs it now', () => {
    const problem = { reason: 'SourceUnavailable', message: '' }
    expect(conditionsOf(status([loaded('pod-a'), loaded('pod-b')], two, problem))['Ready']).toBe(
      'True Loaded',
    )
  })

  it('keeps the times of conditions that have not changed', () => {
    const first = status([loaded('pod-a'), loaded('pod-b')])
    const later = livingStatus(
      { ...module(), status: first },
      [loaded('pod-a')],
      two,
      numbers,
      undefined,
      '2026-01-01T00:02:00Z',
    )
    const times = Object.fromEntries(
      (later.conditions ?? []).map((one) => [one.type, one.lastTransitionTime]),
    )
    expect(times).toMatchObject({ Ready: '2026-01-01T00:02:00Z', Available: '2026-01-01T00:01:00Z' })
  })
})

const openRecord = (reason: string, podUID = 'pod-a'): HostRecord =>
  record({ podUID, pod: podUID, reason, message: reason })
const proved = record({ podUID: 'pod-z', state: 'Purged' })
const deletedStatusOf = (
  records: HostRecord[],
  isPathHealthy = true,
  forced = false,
): NonNullable<Module['status']> =>
  deletedStatus(module(), records, { numbers, isPathHealthy: () => isPathHealthy, now, forced })

describe('a deleted Module', () => {
  it.each<[string, HostRecord[], boolean, string, string, string]>([
    ['nobody had', [], true, 'True Proved', 'False Proved', 'False Deleted'],
    ['all have proved gone', [proved], true, 'True Proved', 'False Proved', 'False Deleted'],
    [
      'has not been asked for',
      [record(), proved],
      true,
      'False WaitingForHosts',
      'True WaitingForHosts',
      'False WaitingForHosts',
    ],
    [
      'a host is silent about',
      [openRecord('HostUnreachable')],
      true,
      'False HostUnreachable',
      'True HostUnreachable',
      'False HostUnreachable',
    ],
    [
      'a host is silent about, and perhaps we are deaf',
      [openRecord('HostUnreachable')],
      false,
      'Unknown HostUnreachable',
      'Unknown HostUnreachable',
      'False HostUnreachable',
    ],
    [
      'one host still maps and one is silent about',
      [openRecord('HostUnreachable'), openRecord('MemoryStillMapped', 'pod-b')],
      false,
      'False MemoryStillMapped',
      'True MemoryStillMapped',
      'False MemoryStillMapped',
    ],
  ])('that %s', (_, records, isPathHealthy, purged, blocked, ready) => {
    expect(conditionsOf(deletedStatusOf(records, isPathHealthy))).toEqual({
      Ready: ready,
      Available: 'False Deleted',
      Purged: purged,
      ReleaseBlocked: blocked,
    })
  })

  it('that a human lets go is not purged, and says whose proof is missing', () => {
    const forced = deletedStatusOf([openRecord('HostUnreachable'), proved], true, true)
    expect(conditionsOf(forced)).toMatchObject({
      Purged: 'False ForceReleased',
      ReleaseBlocked: 'False ForceReleased',
    })
    expect(forced.conditions?.find(({ type }) => type === 'Purged')?.message).toContain('pod-a')
  })

  it('names those that block it, the longest-standing first, ten at most, and counts all', () => {
    const many = Array.from({ length: 14 }, (_, index) => ({
      ...openRecord('HostUnreachable', `pod-${index}`),
      since: `2026-01-01T00:00:${String(59 - index).padStart(2, '0')}.000Z`,
    }))
    const { blockers = [], hosts } = deletedStatusOf([...many, proved])
    expect(blockers).toHaveLength(10)
    expect(blockers[0]).toMatchObject({ host: 'pod-13', node: 'node-a', reason: 'HostUnreachable' })
    expect(hosts).toMatchObject({ purged: 1, summary: '1/15 purged' })
  })
})
