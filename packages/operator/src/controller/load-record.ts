/** Sends a Module to one host that a record names. It may be repeated: a host that has it says so. */
import { HostAnswerError } from '../errors/host-answer-error.ts'
import { HostUnreachableError } from '../errors/host-unreachable-error.ts'
import type { HostApi, PutModule } from '../hosts/host-client.ts'
import type { KnownHost } from '../hosts/host-directory.ts'
import type { HostRecord } from '../resource/module.ts'
import { withState } from './ledger.ts'

export interface LoadContext {
  readonly client: HostApi
  readonly host: KnownHost
  readonly module: Omit<PutModule, 'hostUID'>
  /** ISO 8601 */
  readonly now: () => string
  readonly failed: (podUID: string) => void
  readonly signal: AbortSignal
}

/** Statuses that the same bytes with the same settings will get again from the same process. */
const final: readonly number[] = [400, 413, 422]

export async function loadRecord(record: HostRecord, context: LoadContext): Promise<HostRecord> {
  const { client, host, module, now, failed, signal } = context
  const { url } = host.pod
  if (url === undefined || host.failing !== undefined || record.instance === undefined) return record
  try {
    await client.put(url, record.instance, { ...module, hostUID: record.hostUID }, signal)
    return withState(record, 'Loaded', now())
  } catch (error) {
    if (HostUnreachableError.isInstance(error)) {
      failed(record.podUID)
      // It may have arrived all the same.
      return withState(record, 'Loading', now(), 'HostUnreachable', error.message)
    }
    if (!HostAnswerError.isInstance(error)) throw error
    const { status, hostCode, message } = error
    // Another process: the directory asks who it is, and there will be a record of it.
    if (status === 412) failed(record.podUID)
    // Purged there, by whomever: it gets another UID.
    if (status === 409) return withState(record, 'Purging', now(), 'Conflict', message)
    const reason = final.includes(status) ? (hostCode ?? 'Refused') : 'HostError'
    return withState(record, final.includes(status) ? 'Failed' : 'Loading', now(), reason, message)
  }
}
