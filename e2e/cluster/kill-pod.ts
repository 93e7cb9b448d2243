/** Kills a pod's process as the kernel kills one that takes too much memory: no signal that it could handle, no last words. */
import { CommandError } from './command-error.ts'
import { inNode } from './nodes.ts'
import { deletePodByForce, type Pod } from './pods.ts'

/** The pod goes with it, since its container would be started again later each time. False where nothing ran any more. */
export async function killPod(pod: Pod): Promise<boolean> {
  const [, container] =
    /^containerd:\/\/([0-9a-f]+)$/.exec(pod.status?.containerStatuses?.[0]?.containerID ?? '') ?? []
  const node = pod.spec.nodeName
  if (container === undefined || node === undefined) return false
  try {
    await inNode(node, `ctr --namespace k8s.io tasks kill --signal SIGKILL ${container}`)
  } catch (error) {
    if (error instanceof CommandError) return false
    throw error
  }
  await deletePodByForce(pod)
  return true
}
