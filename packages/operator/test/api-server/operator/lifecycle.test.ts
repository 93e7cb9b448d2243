/** A Module's way: created, loaded, available; deleted, purged, released. On a real API server, with real hosts. */
import { expect, it } from 'vitest'
import { moduleFinalizer, podFinalizer } from '../../../src/resource/module.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { counter } from '../../support/world/guests.ts'
import { condition, World } from '../../support/world/world.ts'

async function call(url: string, module: string): Promise<unknown> {
  const answer = await fetch(`${url}/v1/modules/${module}/call/next`, { method: 'POST' })
  return await answer.json()
}

describeOnApiServer('a Module', () => {
  it('is loaded by all hosts, answers, and is purged from all before it goes', async () => {
    await using world = await World.create(await sharedApiServer())
    const hosts = [await world.addHost(), await world.addHost()]
    world.operate()
    const created = await world.createModule('hello', counter(40))
    await world.untilReady('hello')
    const ready = await world.module('hello')
    expect(ready?.metadata.finalizers).toContain(moduleFinalizer)
    expect(ready?.status).toMatchObject({
      observedGeneration: 1,
      hostName: `${world.namespace}.hello`,
      hosts: { desired: 2, available: 2, purged: 0, summary: '2/2' },
    })
    for (const { host } of hosts) {
      expect(await call(host.url, `${world.namespace}.hello`)).toEqual({ result: 41 })
      expect(host.mappings(`${world.namespace}.hello`)).toBeGreaterThan(0)
    }
    await world.deleteModule('hello')
    await world.untilGone('hello')
    for (const { host } of hosts) {
      expect(host.mappings(`${world.namespace}.hello`)).toBe(0)
      const admin = host.url.replace(/:\d+$/, ':8081')
      const receipt = await (await fetch(`${admin}/v1/purges/${created.metadata.uid}`)).json()
      expect(receipt).toMatchObject({ complete: true, loaded: true, kernel: { mappings: 0, descriptors: 0 } })
    }
    expect(await world.events('hello')).toEqual(expect.arrayContaining(['Loaded', 'Purged']))
  })

  it('holds the pods that have it, and lets them go with it', async () => {
    await using world = await World.create(await sharedApiServer())
    const pod = await world.addHost()
    world.operate()
    await world.createModule('hello', counter(1))
    await world.untilReady('hello')
    expect((await pod.object()).metadata.finalizers).toEqual([podFinalizer])
    expect(condition(await world.module('hello'), 'Available')?.status).toBe('True')
  })
})
