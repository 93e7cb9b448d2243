/**
 * The third proof (docs/decisions/19): the node has booted since, and no memory outlives that. A Node object that is missing proves
 * nothing, nor does one that was made anew under the same name: another machine may have it.
 *
 * Both words are of the kubelet. What the host reads itself is not compared: in a sandbox (gVisor, Kata Containers) that is another kernel's.
 */
import type { V1Node } from '@kubernetes/client-node'
import type { HostRecord } from '../resource/module.ts'

/** @returns in words, why the process is gone; undefined: this does not prove it */
export function nodeProof(record: HostRecord, node: V1Node | undefined): string | undefined {
  const bootID = node?.status?.nodeInfo?.bootID
  if (!bootID || !record.bootID || !record.nodeUID || node?.metadata?.uid !== record.nodeUID) return undefined
  return bootID === record.bootID ? undefined : `node ${record.node} has booted again`
}
