/**
 * A host's pod is deleted by force. Kubernetes would forget it at once, while its container may run on; the operator's finalizer keeps
 * the object until the kubelet has said that the container ended.
 */
import { afterEach, expect, it } from 'vitest'
import { helloBytes } from '../cluster/guests.ts'
import { processesThatMap } from '../cluster/mappings.ts'
import {
  callModule,
  createModule,
  deleteModule,
  describeModule,
  isReadyOn,
  isGone,
  moduleIs,
} from '../cluster/modules.ts'
import { podFinalizer, uniqueName } from '../cluster/names.ts'
import { pauseNode, unpauseAllNodes, unpauseNode } from '../cluster/nodes.ts'
import { deletePodByForce, hostsAreReady, type Pod, podIs } from '../cluster/pods.ts'
import { holds, NotYet, waitFor } from '../cluster/wait-for.ts'

afterEach(unpauseAllNodes)

/** When the object is gone, so is the memory. */
async function goesAfterItsMemory(pod: Pod, name: string): Promise<void> {
  await waitFor(`pod ${pod.metadata.name} to go`, 120_000, async () => {
    const found = await podIs(pod)
    return found === undefined ? true : new NotYet(`held by ${found.metadata.finalizers?.join(', ')}`)
  })
  // Another host may be there by now, with a mapping of its own: the old one's process must not be.
  expect(await oldProcesses(pod, name)).toEqual([])
}

const processes = new Map<string, readonly number[]>()

async function remember(pod: Pod, name: string): Promise<void> {
  const found = await processesThatMap(name, pod.spec.nodeName!)
  expect(found).toHaveLength(1)
  processes.set(
    pod.metadata.uid,
    found.map(({ pid }) => pid),
  )
}

async function oldProcesses(pod: Pod, name: string): Promise<readonly number[]> {
  const now = await processesThatMap(name, pod.spec.nodeName!)
  return now.map(({ pid }) => pid).filter((pid) => processes.get(pod.metadata.uid)!.includes(pid))
}

it('stays until its container has ended; the next host gets the Module', async () => {
  const [victim] = await hostsAreReady(2)
  const name = uniqueName('by-force')
  await createModule(name, await helloBytes(), { warmSlots: 1 })
  await isReadyOn(name, 2)
  await remember(victim!, name)
  expect((await podIs(victim!))?.metadata.finalizers).toContain(podFinalizer)
  await deletePodByForce(victim!)
  await goesAfterItsMemory(victim!, name)
  const hosts = await hostsAreReady(2)
  await isReadyOn(name, 2)
  for (const host of hosts) expect(await callModule(name, host)).toEqual({ status: 200, text: 'hello' })
  await deleteModule(name)
  await isGone(name)
})

it('stays while the kubelet cannot say anything, and the deleted Module with it', async () => {
  const [victim] = await hostsAreReady(2)
  const node = victim!.spec.nodeName!
  const name = uniqueName('by-force-silent')
  await createModule(name, await helloBytes(), { warmSlots: 1 })
  await isReadyOn(name, 2)
  await remember(victim!, name)
  await pauseNode(node)
  await deletePodByForce(victim!)
  await deleteModule(name)
  await holds('pod and Module stay', 30_000, async () => {
    const [pod, module] = [await podIs(victim!), await moduleIs(name)]
    if (pod === undefined) return `the pod is gone; Module: ${describeModule(module)}`
    return module === undefined ? 'the Module is gone' : undefined
  })
  await unpauseNode(node)
  await goesAfterItsMemory(victim!, name)
  await isGone(name)
  await hostsAreReady(2)
})
