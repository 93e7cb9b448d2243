/** All that can prove without asking the host that a process is gone, in the order of docs/decisions/19. */
import type { V1Node } from '@kubernetes/client-node'
import type { KnownHost } from '../hosts/host-directory.ts'
import type { HostRecord } from '../resource/module.ts'
import { containerProof } from './container-proof.ts'
import { nodeProof } from './node-proof.ts'
import { successorProof } from './successor-proof.ts'

export interface Proof {
  /** As in `HostRecord.reason`. */
  readonly reason: 'ProcessGone' | 'NodeRebooted' | 'HumanWord'
  /** In words, why the process is gone. */
  readonly message: string
}

/** @returns undefined: nothing proves it yet */
export function provenGone(
  record: HostRecord,
  host: KnownHost | undefined,
  node: V1Node | undefined,
): Proof | undefined {
  return (isAnswering(record, host) ? undefined : goneByOthers(record, host, node)) ?? humanWord(record, host)
}

/** What answers is there, whatever others say: it is asked itself. */
function isAnswering(record: HostRecord, host: KnownHost | undefined): boolean {
  return (
    host?.pod.url !== undefined &&
    host.failing === undefined &&
    host.pod.uid === record.podUID &&
    host.identity?.instance === record.instance
  )
}

function goneByOthers(
  record: HostRecord,
  host: KnownHost | undefined,
  node: V1Node | undefined,
): Proof | undefined {
  const gone =
    containerProof(record, host?.pod) ??
    // While it fails, who answered last may be gone, and its address somebody else's.
    successorProof(record, host?.pod, host?.failing === undefined ? host?.identity : undefined)
  if (gone !== undefined) return { reason: 'ProcessGone', message: gone }
  const rebooted = nodeProof(record, node)
  return rebooted === undefined ? undefined : { reason: 'NodeRebooted', message: rebooted }
}

function humanWord({ podUID }: HostRecord, host: KnownHost | undefined): Proof | undefined {
  if (host?.pod.uid !== podUID || !host.pod.forced) return undefined
  return { reason: 'HumanWord', message: "by a human's word, in an annotation of its pod" }
}
