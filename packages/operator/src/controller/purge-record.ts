/**
 * One step of one record of a Module that shall go from a host: is the process gone, or has the host a receipt? It may be repeated at any
 * time; nothing but a proof ends it.
 */
import type { V1Node } from '@kubernetes/client-node'
import { HostAnswerError } from '../errors/host-answer-error.ts'
import { HostUnreachableError } from '../errors/host-unreachable-error.ts'
import type { HostApi } from '../hosts/host-client.ts'
import type { KnownHost } from '../hosts/host-directory.ts'
import { provenGone } from '../proof/prove.ts'
import { judgeReceipt } from '../proof/receipt-proof.ts'
import type { HostRecord } from '../resource/module.ts'
import { withState } from './ledger.ts'

export interface PurgeContext {
  readonly client: HostApi
  readonly host: KnownHost | undefined
  readonly node: V1Node | undefined
  readonly name: string
  readonly digest: string
  /** How long a host is waited for, in milliseconds. */
  readonly waitMs: number
  /** ISO 8601 */
  readonly now: string
  /** The host did not answer. */
  readonly failed: (podUID: string) => void
}

/** Why a record is not proved yet. */
export type BlockReason = 'WaitingForHosts' | 'HostUnreachable' | 'MemoryStillMapped'

export async function purgeRecord(record: HostRecord, context: PurgeContext): Promise<HostRecord> {
  const { host, node, now } = context
  const gone = provenGone(record, host, node)
  if (gone !== undefined) return withState(record, 'Gone', now, gone.reason, gone.message)
  const blocked = (reason: BlockReason, message: string): HostRecord =>
    withState(record, 'Purging', now, reason, message)
  if (host === undefined)
    return blocked('HostUnreachable', 'Its Pod object is gone; nobody has said that its container is.')
  if (host.pod.url === undefined) return blocked('HostUnreachable', 'Its pod has no address.')
  if (host.failing !== undefined) return blocked('HostUnreachable', host.failing.reason)
  try {
    return await ask(record, host.pod.url, context, blocked)
  } catch (error) {
    if (HostUnreachableError.isInstance(error)) {
      context.failed(record.podUID)
      return blocked('HostUnreachable', error.message)
    }
    if (HostAnswerError.isInstance(error)) return blocked('WaitingForHosts', error.message)
    throw error
  }
}

async function ask(
  record: HostRecord,
  url: string,
  { client, digest, name, waitMs, now }: PurgeContext,
  blocked: (reason: BlockReason, message: string) => HostRecord,
): Promise<HostRecord> {
  const { hostUID, instance } = record
  const answer = await client.purge(url, instance, { hostUID, digest, name }, waitMs)
  if (!answer.done) {
    const { mappings, descriptors } = answer.receipt?.kernel ?? {}
    if (mappings || descriptors)
      return blocked('MemoryStillMapped', 'Its kernel still has mappings or descriptors of the image.')
    return blocked('WaitingForHosts', answer.requests ? 'It waits for running requests.' : 'It is purging.')
  }
  const verdict = judgeReceipt(record, digest, answer.receipt, answer.instance)
  if (!verdict.proved) return blocked('MemoryStillMapped', `Not proved: ${verdict.because}.`)
  // A host that has purged a module does not list it either.
  if (await client.has(url, hostUID))
    return blocked('MemoryStillMapped', 'Not proved: it gave a receipt, and still lists the module.')
  return withState(
    record,
    'Purged',
    now,
    'Receipt',
    'The host has purged it; its kernel has nothing of it left.',
  )
}
