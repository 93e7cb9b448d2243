/** The status of a deleted Module, from its ledger: who has proved that it is gone, and who keeps it from going. */
import type { Blocker, HostRecord, Module } from '../resource/module.ts'
import { isProved } from './ledger.ts'
import type { BlockReason } from './purge-record.ts'
import { assembleStatus, type ConditionWords, type StatusNumbers } from './status.ts'

/** So many are told. */
const mostBlockers = 10

/** The worst first: a condition has one reason. */
const severity: readonly BlockReason[] = ['MemoryStillMapped', 'HostUnreachable', 'WaitingForHosts']

export interface DeletedStatusOptions {
  readonly numbers: StatusNumbers
  /** Of an unreachable host: whether the operator's own path is known to be well. */
  readonly isPathHealthy: (podUID: string) => boolean
  /** ISO 8601 */
  readonly now: string
  /** A human has said that it may go without proof. */
  readonly forced?: boolean
}

export function deletedStatus(
  module: Module,
  records: readonly HostRecord[],
  { numbers, isPathHealthy, now, forced = false }: DeletedStatusOptions,
): ReturnType<typeof assembleStatus> {
  const open = records.filter((record) => !isProved(record))
  const purged = records.length - open.length
  const verdict = judge(open, isPathHealthy, forced)
  const blockers = open
    .toSorted((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : a.pod < b.pod ? -1 : 1))
    .slice(0, mostBlockers)
    .map(readBlocker)
  return assembleStatus(
    module,
    {
      records,
      hosts: { desired: 0, available: 0, purged, summary: `${purged}/${records.length} purged` },
      blockers,
      numbers,
    },
    {
      Ready: { ...verdict, status: 'False', reason: verdict.status === 'True' ? 'Deleted' : verdict.reason },
      Available: { status: 'False', reason: 'Deleted', message: 'It is deleted.' },
      Purged: verdict,
      ReleaseBlocked:
        verdict.status === 'True' || forced
          ? { status: 'False', reason: verdict.reason, message: verdict.message }
          : { ...verdict, status: verdict.status === 'Unknown' ? 'Unknown' : 'True' },
    },
    now,
  )
}

function judge(
  open: readonly HostRecord[],
  isPathHealthy: (podUID: string) => boolean,
  forced: boolean,
): ConditionWords {
  if (open.length === 0)
    return { status: 'True', reason: 'Proved', message: 'Every host has proved that it is gone.' }
  const names = open.map(({ pod }) => pod)
  const named = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`
  if (forced)
    return {
      status: 'False',
      reason: 'ForceReleased',
      message: `By a human's word, without proof of ${named}.`,
    }
  const reason =
    severity.find((one) => open.some((record) => blockReason(record) === one)) ?? 'WaitingForHosts'
  const isUnknown =
    reason === 'HostUnreachable' &&
    !open.some((one) => blockReason(one) === reason && isPathHealthy(one.podUID))
  const path = isUnknown ? ' Whether that is their fault or the operator’s network’s is not known yet.' : ''
  return { status: isUnknown ? 'Unknown' : 'False', reason, message: `Not proved of ${named}.${path}` }
}

function blockReason({ reason }: HostRecord): BlockReason {
  return severity.find((one) => one === reason) ?? 'WaitingForHosts'
}

function readBlocker(record: HostRecord): Blocker {
  const { pod, node, message, since } = record
  return {
    host: pod,
    ...(node === undefined ? {} : { node }),
    reason: blockReason(record),
    message: message ?? 'It has not been asked yet.',
    since,
  }
}
