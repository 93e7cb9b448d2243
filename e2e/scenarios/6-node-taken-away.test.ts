/**
 * A node hangs, and then it is gone, its Node object too. Nobody can say what became of its memory, so only a human's word lets the
 * Module go. The last scenario: the cluster has a node less after it, and `examples/kind/run.sh up` makes it anew.
 */
import { afterEach, it } from 'vitest'
import { merge } from '../cluster/api.ts'
import { helloBytes } from '../cluster/guests.ts'
import {
  createModule,
  deleteModule,
  describeModule,
  eventReasons,
  isReadyOn,
  isGone,
  modulePath,
  moduleIs,
} from '../cluster/modules.ts'
import { forceReleaseAnnotation, uniqueName } from '../cluster/names.ts'
import { pauseNode, takeNodeAway, unpauseAllNodes } from '../cluster/nodes.ts'
import { hostsAreReady, podIs } from '../cluster/pods.ts'
import { holds, NotYet, waitFor } from '../cluster/wait-for.ts'

afterEach(unpauseAllNodes)

it("stays until a human's word for this very Module, which is told in an Event", async () => {
  const [lost] = await hostsAreReady(2)
  const name = uniqueName('taken-away')
  await createModule(name, await helloBytes(), { warmSlots: 1 })
  const { metadata } = await isReadyOn(name, 2)
  const stays = async (): Promise<string | undefined> => {
    const module = await moduleIs(name)
    if (module === undefined) return 'it is gone'
    const { blockers = [], records = [] } = module.status ?? {}
    // The first proof is the other host's; this one must stand in the list as soon as it is the only one.
    const only = records.every(
      ({ pod, state }) => pod === lost!.metadata.name || state === 'Purged' || state === 'Gone',
    )
    const named = blockers.some(({ host }) => host === lost!.metadata.name)
    return only && !named
      ? `nobody says that it waits for ${lost!.metadata.name}: ${describeModule(module)}`
      : undefined
  }

  await pauseNode(lost!.spec.nodeName!)
  await deleteModule(name)
  await holds('the Module stays while the node is paused', 20_000, stays)
  await takeNodeAway(lost!.spec.nodeName!)
  // Kubernetes forgets the pods of a node that is gone after 40 to 60 s.
  await holds('the Module stays when the node is gone', 90_000, stays)

  await merge(modulePath(name), {
    metadata: { annotations: { [forceReleaseAnnotation]: 'of-another-module' } },
  })
  await holds('the Module stays with a word for another', 10_000, stays)
  await merge(modulePath(name), { metadata: { annotations: { [forceReleaseAnnotation]: metadata.uid } } })
  await isGone(name, 60_000)
  await waitFor('the event ForceReleased', 30_000, async () => {
    const reasons = await eventReasons(name)
    return reasons.includes('ForceReleased') ? true : new NotYet(reasons.join(', '))
  })
  await waitFor(`pod ${lost!.metadata.name} to be let go as well`, 120_000, async () => {
    const found = await podIs(lost!)
    return found === undefined ? true : new NotYet(`held by ${found.metadata.finalizers?.join(', ')}`)
  })
})
