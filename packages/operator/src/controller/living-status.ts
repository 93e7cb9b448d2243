/** The status of a Module that is not deleted, from its ledger and from the hosts that there are. */
import { isAsked, type KnownHost } from '../hosts/host-directory.ts'
import type { HostRecord, Module } from '../resource/module.ts'
import { currentRecord, desiredHosts, mostRecords } from './ledger.ts'
import { hostSettings, settingsFingerprint } from './module-settings.ts'
import { assembleStatus, type ConditionWords, type StatusNumbers } from './status.ts'

/** The reason where nothing is wrong with the source: its bytes are not here yet. */
export const waitingForSource = 'WaitingForSource'

/** What kept the bytes from being had. */
export interface SourceProblem {
  readonly reason: string
  readonly message: string
}

export function livingStatus(
  module: Module,
  records: readonly HostRecord[],
  hosts: readonly KnownHost[],
  numbers: StatusNumbers,
  source: SourceProblem | undefined,
  now: string,
): ReturnType<typeof assembleStatus> {
  const settings = settingsFingerprint(hostSettings(module))
  const desired = desiredHosts(module, hosts)
  const found = desired.map((host) => ({
    host,
    record: currentRecord(records, isAsked(host) ? host : asRecorded(records, host), settings),
  }))
  const available = found.filter(
    ({ host, record }) => record?.state === 'Loaded' && host.failing === undefined,
  )
  const refusals = found.flatMap(({ record }) => (record?.reason !== undefined ? [record] : []))
  const failing = found.flatMap(({ host }) =>
    host.failing === undefined ? [] : [`${host.pod.name}: ${host.failing.reason}`],
  )
  const ready = readiness(desired.length, available.length, refusals, failing, records.length, source)
  return assembleStatus(
    module,
    {
      records,
      hosts: {
        desired: desired.length,
        available: available.length,
        purged: 0,
        summary: `${available.length}/${desired.length}`,
      },
      blockers: [],
      numbers,
    },
    {
      Ready: ready,
      Available:
        available.length > 0
          ? { status: 'True', reason: 'Loaded', message: 'At least one host answers requests for it.' }
          : { ...ready, status: 'False' },
      Purged: { status: 'False', reason: 'InUse', message: 'It is not deleted.' },
      ReleaseBlocked: { status: 'False', reason: 'InUse', message: 'It is not deleted.' },
    },
    now,
  )
}

/** Until it has been asked, the process there counts as the one that the ledger has last: whoever is new in charge knows no other. */
function asRecorded(records: readonly HostRecord[], host: KnownHost): KnownHost {
  const instance = records.findLast(({ podUID }) => podUID === host.pod.uid)?.instance
  return instance === undefined
    ? host
    : { ...host, identity: { instance, startedAt: undefined, now: undefined, podUid: undefined } }
}

function readiness(
  desired: number,
  available: number,
  refusals: readonly HostRecord[],
  failing: readonly string[],
  records: number,
  source: SourceProblem | undefined,
): ConditionWords {
  // That they are awaited says less than what is wrong with a host; and bytes that are not kept are awaited before each try to send them:
  // the words must not change to and fro.
  const awaited = source?.reason === waitingForSource ? source : undefined
  if (source !== undefined && awaited === undefined && available < desired)
    return { status: 'False', ...source }
  if (desired === 0)
    return {
      status: 'False',
      reason: 'NoHosts',
      message: 'No pod of a host has the labels that it asks for.',
    }
  if (available === desired) return { status: 'True', reason: 'Loaded', message: 'All hosts have it.' }
  const [first] = refusals
  if (first !== undefined) {
    const message = `${first.pod}: ${first.message ?? ''}${refusals.length > 1 ? ` (and ${refusals.length - 1} more hosts)` : ''}`
    return { status: 'False', reason: first.state === 'Failed' ? 'LoadFailed' : first.reason!, message }
  }
  if (failing.length > 0)
    return {
      status: 'False',
      reason: 'HostUnreachable',
      message: failing.slice(0, 3).join('; ').slice(0, 1_000),
    }
  if (records >= mostRecords)
    return { status: 'False', reason: 'TooManyHosts', message: `It can be on ${mostRecords} hosts at most.` }
  if (awaited !== undefined) return { status: 'False', ...awaited }
  return { status: 'False', reason: 'WaitingForHosts', message: 'Some hosts do not have it yet.' }
}
