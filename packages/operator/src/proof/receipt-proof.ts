/**
 * The first proof (docs/decisions/19): the host's own receipt. It counts only when it is about this UID, from this process, and agrees
 * with itself; what the kernel says in it must be nothing.
 */
import type { HostRecord } from '../resource/module.ts'

/** What a host answers to a `DELETE`, read with care: a host may be of another version, broken, or lying. */
export interface HostReceipt {
  readonly uid?: unknown
  readonly digest?: unknown
  readonly instance?: unknown
  readonly complete?: unknown
  readonly kernel?: { readonly mappings?: unknown; readonly descriptors?: unknown } | null
}

/** Proved, or why not. */
export type ReceiptVerdict = { readonly proved: true } | { readonly proved: false; readonly because: string }

/**
 * @param instance what the process that answered calls itself; undefined: it does not say
 */
export function judgeReceipt(
  record: HostRecord,
  digest: string,
  receipt: HostReceipt,
  instance: string | undefined,
): ReceiptVerdict {
  if (receipt.uid !== record.hostUID)
    return refused(`its receipt is for another module: ${quote(receipt.uid)}`)
  if (receipt.digest !== undefined && receipt.digest !== digest)
    return refused(`its receipt is for other bytes: ${quote(receipt.digest)}`)
  const from = receipt.instance ?? instance
  if (record.instance !== undefined && from !== record.instance)
    return refused('its receipt is from another process')
  const { mappings, descriptors } = receipt.kernel ?? {}
  if (typeof mappings !== 'number' || typeof descriptors !== 'number')
    return refused('its receipt does not say what the kernel has')
  if (mappings !== 0 || descriptors !== 0)
    return refused(`its kernel still has ${mappings} mappings and ${descriptors} descriptors of the image`)
  if (receipt.complete !== true) return refused('its receipt says that the purge is not complete')
  return { proved: true }
}

function refused(because: string): ReceiptVerdict {
  return { proved: false, because }
}

function quote(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 100) ?? 'nothing'
}
