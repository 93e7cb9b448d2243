/** A node that hangs in the middle of a purge: nobody knows what its memory holds, so the Module stays. */
import { afterEach, expect, it } from 'vitest'
import { sleeperBytes } from '../cluster/guests.ts'
import {
  callModule,
  createModule,
  deleteModule,
  describeModule,
  eventReasons,
  isReadyOn,
  isGone,
  moduleIs,
} from '../cluster/modules.ts'
import { uniqueName } from '../cluster/names.ts'
import { pauseNode, unpauseAllNodes, unpauseNode } from '../cluster/nodes.ts'
import { hostsAreReady } from '../cluster/pods.ts'
import { holds, NotYet, waitFor } from '../cluster/wait-for.ts'

afterEach(unpauseAllNodes)

it('stays while the node is paused, says whom it waits for, and goes when the node is back', async () => {
  const hosts = await hostsAreReady(2)
  const [stuck, other] = hosts
  const node = stuck!.spec.nodeName!
  const name = uniqueName('paused')
  await createModule(name, await sleeperBytes(10), { limits: { timeMs: 30_000 } })
  await isReadyOn(name, 2)
  // Its answer does not matter: the node hangs meanwhile.
  const answer = callModule(name, stuck!, 300_000).catch(() => undefined)
  await holds('the Module is there', 1000, async () =>
    (await moduleIs(name)) === undefined ? 'it is gone' : undefined,
  )
  await deleteModule(name)
  await waitFor(`host ${stuck!.metadata.name} to be purging`, 30_000, async () => {
    const module = await moduleIs(name)
    const state = module?.status?.records?.find(({ pod }) => pod === stuck!.metadata.name)?.state
    return state === 'Purging' ? true : new NotYet(describeModule(module))
  })
  await pauseNode(node)

  await waitFor('the other host to be purged, and this one to be told of', 120_000, async () => {
    const module = await moduleIs(name)
    if (module === undefined)
      throw new Error('the Module is gone while a node hangs that may have its memory')
    const { records = [], blockers = [] } = module?.status ?? {}
    const purged = records.some(({ pod, state }) => pod === other!.metadata.name && state === 'Purged')
    const blocked = blockers.some(
      ({ host, reason }) => host === stuck!.metadata.name && /^(HostUnreachable|Unknown)$/.test(reason),
    )
    return purged && blocked ? true : new NotYet(describeModule(module))
  })
  // Longer than it takes Kubernetes to give the node up (40 to 50 s).
  await holds('the Module stays', 75_000, async () => {
    const module = await moduleIs(name)
    if (module === undefined) return 'it is gone'
    const blocked = module.status?.blockers?.some(({ host }) => host === stuck!.metadata.name)
    return blocked === true ? undefined : `${stuck!.metadata.name} is no blocker: ${describeModule(module)}`
  })

  await unpauseNode(node)
  await isGone(name)
  await answer
  expect(await eventReasons(name)).not.toContain('ForceReleased')
})
