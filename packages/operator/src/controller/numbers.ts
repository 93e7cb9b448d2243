/**
 * What all hosts together have of one Module, from their lists. It changes by itself, and mostly little: what a status says is good enough while
 * it is less than a tenth away.
 */
import { isAsked, type KnownHost } from '../hosts/host-directory.ts'
import type { HostRecord, ModuleStatus } from '../resource/module.ts'
import { isProved } from './ledger.ts'
import type { StatusNumbers } from './status.ts'

const closeEnough = 0.1

/** Those of the status, where a host has not been asked yet. */
export function numbersOf(
  status: ModuleStatus | undefined,
  records: readonly HostRecord[],
  host: (podUID: string) => KnownHost | undefined,
): StatusNumbers {
  let { affineSlots, residentBytes } = { affineSlots: 0, residentBytes: 0 }
  for (const record of records) {
    const known = isProved(record) ? undefined : host(record.podUID)
    if (known !== undefined && !isAsked(known))
      return { affineSlots: status?.affineSlots ?? 0, residentBytes: status?.residentBytes ?? 0 }
    const listed = known?.modules.get(record.hostUID)
    affineSlots += listed?.affineSlots ?? 0
    residentBytes += listed?.residentBytes ?? 0
  }
  return { affineSlots, residentBytes }
}

/** Whether a status that says the first is to be brought up to date with the second, for nothing else. */
export function areFar(before: Partial<StatusNumbers> | undefined, after: Partial<StatusNumbers>): boolean {
  return (
    isFar(before?.affineSlots ?? 0, after.affineSlots ?? 0) ||
    isFar(before?.residentBytes ?? 0, after.residentBytes ?? 0)
  )
}

function isFar(before: number, after: number): boolean {
  return Math.abs(after - before) > closeEnough * Math.max(before, after)
}
