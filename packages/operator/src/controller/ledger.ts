/**
 * The ledger of one Module, `status.records`: which processes have it or may have it (docs/decisions/19). Pure functions; a record that
 * is proved leaves the ledger of a living Module, and stays in that of a deleted one, to be counted.
 */
import type { V1Node } from '@kubernetes/client-node'
import { isSettled, type KnownHost } from '../hosts/host-directory.ts'
import type { HostRecord, HostRecordState, Module } from '../resource/module.ts'
import { selects } from './label-selector.ts'
import { hostSettings, hostUID, settingsFingerprint } from './module-settings.ts'

/** A ledger has no more entries than this; a Module that needs more is not loaded further. */
export const mostRecords = 1_000

/** As the schema has it, in characters. */
const longestMessage = 256

export function ledgerOf(module: Module): readonly HostRecord[] {
  return module.status?.records ?? []
}

export function isProved({ state }: HostRecord): boolean {
  return state === 'Purged' || state === 'Gone'
}

/** Hosts that shall have the Module: selected, and not about to go. */
export function desiredHosts(module: Module, hosts: readonly KnownHost[]): KnownHost[] {
  const selector = module.spec.hosts?.selector
  return hosts.filter(
    ({ pod }) => !pod.deleting && pod.container.state !== 'terminated' && selects(selector, pod.labels),
  )
}

/** The record under which the process that now runs there has, or shall have, the Module as its spec is. */
export function currentRecord(
  records: readonly HostRecord[],
  host: KnownHost,
  settings: string,
): HostRecord | undefined {
  return records.find(
    (record) =>
      isAt(record, host) &&
      record.settings === settings &&
      ['Loading', 'Loaded', 'Failed'].includes(record.state),
  )
}

/** Whether the record is of the process that answers there. */
export function isAt(record: HostRecord, { pod, identity }: KnownHost): boolean {
  return record.podUID === pod.uid && record.instance === identity?.instance
}

/** The records as they shall be written before anything is sent. */
export interface NextLedger {
  /** Entries that were there; some of them to be purged now. */
  readonly kept: readonly HostRecord[]
  /** New ones. */
  readonly added: readonly HostRecord[]
  readonly loads: number
}

/**
 * What a living Module's ledger should be next: entries for hosts that lack it, and entries that have had their time marked for the purge.
 * @param node what the cluster says of a node
 * @param now ISO 8601
 */
export function planLedger(
  module: Module,
  records: readonly HostRecord[],
  hosts: readonly KnownHost[],
  node: (name: string | undefined) => V1Node | undefined,
  now: string,
): NextLedger {
  const settings = settingsFingerprint(hostSettings(module))
  const desired = desiredHosts(module, hosts)
  const uid = module.metadata.uid!
  let loads = module.status?.loads ?? 0
  const kept = records.map((record) =>
    record.state !== 'Purging' && hasHadItsTime(record, records, hosts, desired, settings)
      ? withState(record, 'Purging', now)
      : record,
  )
  // A host takes no UID again that it has purged, so what comes after a purge has another one.
  if (kept.some((record, index) => record !== records[index])) loads += 1
  const added: HostRecord[] = []
  for (const host of desired) {
    const { pod, identity, failing } = host
    if (identity === undefined || failing !== undefined || !isSettled(identity)) continue
    if (kept.length + added.length >= mostRecords) continue
    if (currentRecord(kept, host, settings) !== undefined) continue
    while (kept.some((record) => isAt(record, host) && record.hostUID === hostUID(uid, loads))) loads += 1
    added.push(newRecord(host, node(pod.node), hostUID(uid, loads), settings, 'Loading', now))
  }
  return { kept, added, loads }
}

/** An entry for the process that answers there, with all that may prove later that it is gone. */
export function newRecord(
  { pod, identity }: KnownHost,
  node: V1Node | undefined,
  uidThere: string,
  settings: string,
  state: HostRecordState,
  since: string,
): HostRecord {
  return {
    pod: pod.name,
    podUID: pod.uid,
    ...given('node', pod.node),
    ...given('nodeUID', node?.metadata?.uid),
    ...given('bootID', node?.status?.nodeInfo?.bootID),
    ...given('containerID', pod.container.id),
    ...given('instance', identity?.instance),
    ...given('aliveAt', identity?.now),
    hostUID: uidThere,
    settings,
    state,
    since,
  }
}

/**
 * Whether a record is to be purged though its Module lives: its host is not selected any more; or it was loaded with other settings, and
 * those of today are loaded beside it, so that there is no gap; or its host does not list it, though it was loaded there.
 */
function hasHadItsTime(
  record: HostRecord,
  records: readonly HostRecord[],
  hosts: readonly KnownHost[],
  desired: readonly KnownHost[],
  settings: string,
): boolean {
  const host = hosts.find((one) => isAt(record, one))
  // One that is about to go takes its memory with it.
  if (host === undefined || host.pod.deleting) return false
  if (!desired.includes(host)) return true
  if (record.settings !== settings) {
    const replacement = currentRecord(records, host, settings)
    return replacement?.state === 'Loaded' || record.state === 'Failed'
  }
  return record.state === 'Loaded' && isLost(record, host)
}

/** The list was asked for after the module was loaded, and does not have it: somebody has purged it there by hand. */
function isLost(record: HostRecord, { failing, modules, listedAt }: KnownHost): boolean {
  if (failing !== undefined || listedAt === undefined || modules.has(record.hostUID)) return false
  return listedAt.getTime() > Date.parse(record.since)
}

export function withState(
  record: HostRecord,
  state: HostRecordState,
  now: string,
  reason?: string,
  message?: string,
): HostRecord {
  const { reason: _reason, message: _message, ...rest } = record
  const since = state === record.state ? record.since : now
  return {
    ...rest,
    state,
    since,
    ...given('reason', reason),
    ...given('message', message?.slice(0, longestMessage)),
  }
}

/** A field that is there only where it has a value. */
function given<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return (value === undefined || value === '' ? {} : { [name]: value }) as { [K in Name]?: Value }
}
