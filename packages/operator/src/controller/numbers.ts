/** What all hosts together have of one Module, from their lists. */
import type { KnownHost } from '../hosts/host-directory.ts'
import type { HostRecord } from '../resource/module.ts'
import type { StatusNumbers } from './status.ts'

export function numbersOf(
  records: readonly HostRecord[],
  host: (podUID: string) => KnownHost | undefined,
): StatusNumbers {
  const listed = records.map(({ podUID, hostUID }) => host(podUID)?.modules.get(hostUID))
  return {
    affineSlots: listed.reduce((sum, one) => sum + (one?.affineSlots ?? 0), 0),
    residentBytes: listed.reduce((sum, one) => sum + (one?.residentBytes ?? 0), 0),
  }
}
