/**
 * Part of the second proof (docs/decisions/19): another process answers in the pod's place, and it started after that one was seen alive. A pod has one host at
 * a time, so the one before it is gone. The new one must say that it is of this pod; where it does not know (hosts that are run by hand), the
 * pod must be there, running and not about to go: then nobody else has its address.
 */
import type { HostIdentity } from '../hosts/host-answers.ts'
import type { HostPod } from '../hosts/host-pod.ts'
import type { HostRecord } from '../resource/module.ts'

/** @returns in words, why the process is gone; undefined: this does not prove it */
export function successorProof(
  record: HostRecord,
  pod: HostPod | undefined,
  identity: HostIdentity | undefined,
): string | undefined {
  if (pod === undefined || identity === undefined || pod.uid !== record.podUID) return undefined
  if (record.instance === undefined || identity.instance === record.instance) return undefined
  const isOfPod =
    identity.podUid === undefined
      ? pod.container.state === 'running' && !pod.deleting
      : identity.podUid === pod.uid
  if (!isOfPod || record.aliveAt === undefined || identity.startedAt === undefined) return undefined
  return Date.parse(identity.startedAt) > Date.parse(record.aliveAt)
    ? 'its process was replaced by another one'
    : undefined
}
