/**
 * The second proof (docs/decisions/19): the container that a process ran in is gone, by its kubelet's word, and its memory with it.
 *
 * Containers of one name in one pod follow each other, and times of containers and processes are of one node's clock. So a container
 * that started, or ended, after the process was seen alive is the process's own or a later one.
 *
 * Kubelets cut times to seconds, so a time counts as up to a second later than it is written. That proves nothing false, since a process is
 * given modules only when it is a few seconds old (`isSettled`): a record that names the container before the process's own, because the
 * kubelet was late, was written long enough after that one had ended.
 *
 * A phase proves nothing: controllers set it for pods of nodes that are gone, and the container may run on.
 */
import type { HostPod } from '../hosts/host-pod.ts'
import type { HostRecord } from '../resource/module.ts'

/** How much kubelets cut off. */
const cutMs = 1_000

/** @returns in words, why the process is gone; undefined: this does not prove it */
export function containerProof(record: HostRecord, pod: HostPod | undefined): string | undefined {
  if (pod === undefined || pod.uid !== record.podUID) return undefined
  const { container } = pod
  const { previous } = container
  const aliveMs = record.aliveAt === undefined ? undefined : Date.parse(record.aliveAt)
  const own = (id: string | undefined): boolean => id !== undefined && id === record.containerID
  const later = (timeMs: number | undefined, otherwise: boolean): boolean =>
    aliveMs === undefined || timeMs === undefined ? otherwise : timeMs + cutMs > aliveMs

  if (container.state === 'terminated' && later(container.finishedAtMs, own(container.id)))
    return `its container ${container.id ?? ''} has terminated`
  if (container.state === 'running' && isOther(record, container.id) && later(container.startedAtMs, true))
    return `its container was replaced by ${container.id}`
  if (container.state !== 'running' && previous && later(previous.finishedAtMs, own(previous.id)))
    return `its container ${previous.id ?? ''} has terminated`
  return undefined
}

/** Both are known, and differ. */
function isOther(record: HostRecord, id: string | undefined): boolean {
  return id !== undefined && record.containerID !== undefined && id !== record.containerID
}
