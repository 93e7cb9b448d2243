/** A Module arrives at every host, answers there, and is gone when its object is: also one that is in use when it is deleted. */
import { afterEach, expect, it } from 'vitest'
import { helloBytes, sleeperBytes } from '../cluster/guests.ts'
import { mappingsOf } from '../cluster/mappings.ts'
import {
  callModule,
  createModule,
  deleteModule,
  eventReasons,
  isReadyOn,
  isGone,
  moduleIs,
} from '../cluster/modules.ts'
import { uniqueName } from '../cluster/names.ts'
import { unpauseAllNodes } from '../cluster/nodes.ts'
import { hostsAreReady } from '../cluster/pods.ts'
import { holds } from '../cluster/wait-for.ts'

afterEach(unpauseAllNodes)

it('is served by every host, and goes with proof; a namesake may follow', async () => {
  const hosts = await hostsAreReady(2)
  const name = uniqueName('life')
  const uids = new Set<string>()
  for (let life = 1; life <= 2; life++) {
    await createModule(name, await helloBytes(), { warmSlots: 1 })
    const { metadata } = await isReadyOn(name, 2)
    uids.add(metadata.uid!)
    for (const host of hosts) expect(await callModule(name, host)).toEqual({ status: 200, text: 'hello' })
    const nodes = (await mappingsOf(name)).map(({ node }) => node)
    expect(nodes.toSorted()).toEqual(hosts.map(({ spec }) => spec.nodeName).toSorted())
    await deleteModule(name)
    await isGone(name)
    for (const host of hosts) expect((await callModule(name, host)).status).toBe(404)
  }
  expect(uids.size).toBe(2)
  expect(await eventReasons(name)).not.toContain('ForceReleased')
})

it('stays while a request runs that was there before, which is answered', async () => {
  const [host] = await hostsAreReady(2)
  const name = uniqueName('in-use')
  await createModule(name, await sleeperBytes(8), { limits: { timeMs: 20_000 } })
  await isReadyOn(name, 2)
  let answered = false
  const answer = callModule(name, host!).finally(() => (answered = true))
  await holds('the request runs', 1500, () => Promise.resolve(answered ? 'it was answered' : undefined))
  await deleteModule(name)
  await holds('the Module stays while its request runs', 4000, async () => {
    const module = await moduleIs(name)
    return module === undefined && !answered ? 'it is gone' : undefined
  })
  expect((await mappingsOf(name)).map(({ node }) => node)).toContain(host!.spec.nodeName)
  expect((await answer).status).toBe(200)
  await isGone(name)
})
