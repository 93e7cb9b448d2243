/** Hosts that say nothing: stopped, killed, restarted, cut off from their Pod object. Real hosts; kubelets by hand. */
import { describe, expect, it } from 'vitest'
import { callApi } from '../../support/api-server/call-api.ts'
import { forceReleaseAnnotation, podFinalizer } from '../../../src/resource/module.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import type { HostPod } from '../../support/world/host-pod.ts'
import { counter } from '../../support/world/guests.ts'
import { condition, World } from '../../support/world/world.ts'

/** A Module on a host that does not answer any more, and perhaps on others that do; nobody has deleted it yet. */
async function loaded(
  world: World,
  { others = 1, isToldUid = true, pathGraceMs = 500 } = {},
): Promise<HostPod> {
  const host = await world.addHost({ isToldUid })
  for (let count = 0; count < others; count += 1) await world.addFake()
  world.operate({ hostTimeoutMs: 1_000, purgeWaitMs: 300, pathGraceMs })
  await world.createModule('hello', counter(1))
  await world.untilReady('hello')
  return host
}

function mappings({ namespace }: World, { host }: HostPod): number {
  return host.mappings(`${namespace}.hello`)
}

/** The proofs of those records that have one. */
async function untilReleasedBy(world: World, reason: string): Promise<void> {
  await world.untilGone('hello')
  expect(world.lastSeen('hello')?.status?.records?.map((one) => one.reason)).toContain(reason)
}

describeOnApiServer('where a host says nothing', { concurrent: true }, () => {
  describe('a host that is stopped', () => {
    it('holds its Module until it goes on', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world, { pathGraceMs: 5_000 })
      pod.host.pause()
      await world.deleteModule('hello')
      // Nobody knows yet whose fault it is; then the other one has answered long enough.
      await world.untilBlocked('hello', 'HostUnreachable', 'Unknown')
      await world.untilBlocked('hello', 'HostUnreachable', 'False')
      const blocked = await world.module('hello')
      expect(condition(blocked, 'ReleaseBlocked')).toMatchObject({
        status: 'True',
        reason: 'HostUnreachable',
      })
      expect(blocked?.status?.blockers).toEqual([
        expect.objectContaining({ host: pod.name, node: pod.node, reason: 'HostUnreachable' }),
      ])
      expect(mappings(world, pod)).toBeGreaterThan(0)
      pod.host.resume()
      await untilReleasedBy(world, 'Receipt')
      expect(mappings(world, pod)).toBe(0)
    })

    it('as all are, says nothing about whose fault it is', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world, { others: 0 })
      const second = await world.addHost()
      await world.until('hello', (module) => module?.status?.hosts?.summary === '2/2')
      for (const { host } of [pod, second]) host.pause()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable', 'Unknown')
      // Much longer than what the operator's own path has to be well for.
      await world.stays('hello', (module) => condition(module, 'Purged')?.status === 'Unknown', 4_000)
      for (const { host } of [pod, second]) host.resume()
      await untilReleasedBy(world, 'Receipt')
    })

    it('whose pod is deleted by force, is held by its Pod object until its kubelet has the last word', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world)
      pod.host.pause()
      await pod.delete()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      const kept = await pod.object()
      expect(kept.metadata).toMatchObject({
        deletionTimestamp: expect.any(String),
        finalizers: [podFinalizer],
      })
      await world.stays('hello', (module) => condition(module, 'Purged')?.reason === 'HostUnreachable', 1_500)
      expect(mappings(world, pod)).toBeGreaterThan(0)
      await pod.host.kill()
      await world.stays('hello', (module) => module !== undefined, 1_000)
      await pod.reportTerminated()
      await untilReleasedBy(world, 'ProcessGone')
      await world.untilPodGone(pod)
    })
  })

  describe('a host that was killed', () => {
    it('holds its Module until its kubelet says that the container has terminated', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world)
      await pod.host.kill()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      await world.stays('hello', (module) => module !== undefined, 1_500)
      await pod.reportTerminated()
      await untilReleasedBy(world, 'ProcessGone')
    })

    it('with its node, holds its Module until the node has booted again', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world)
      await pod.host.kill()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      await world.boot(pod.node, `boot-${pod.node}`)
      await world.stays('hello', (module) => module !== undefined, 1_500)
      await world.boot(pod.node, 'the next boot')
      await untilReleasedBy(world, 'NodeRebooted')
    })

    it('is not proved gone by its Node object: deleted, or made anew under the same name', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world)
      pod.host.pause()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      await callApi(world.server, `/api/v1/nodes/${pod.node}`, { method: 'DELETE' })
      await world.stays('hello', (module) => module !== undefined, 1_500)
      await world.addNode(pod.node, 'another machine')
      await world.stays('hello', (module) => module !== undefined, 1_500)
      expect(mappings(world, pod)).toBeGreaterThan(0)
      pod.host.resume()
      await untilReleasedBy(world, 'Receipt')
    })
  })

  describe('a host that was restarted', () => {
    it.each([
      ['knows its pod', true],
      ['does not know its pod', false],
    ])('and %s: a deleted Module goes with the process that had it', async (_, isToldUid) => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world, { isToldUid })
      pod.host.pause()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      expect(mappings(world, pod)).toBeGreaterThan(0)
      await pod.restart()
      await untilReleasedBy(world, 'ProcessGone')
    })

    it('and only its kubelet says so', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world)
      pod.host.pause()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      await pod.restart({ isSilent: true })
      await world.stays('hello', (module) => module !== undefined, 1_500)
      await pod.report()
      await untilReleasedBy(world, 'ProcessGone')
    })

    it('gets its Modules again, and a ledger has the process before no more', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world, { others: 0 })
      const before = (await world.module('hello'))!.status!.records![0]!.instance
      await pod.restart()
      await world.until('hello', (module) => module?.status?.hosts?.summary === '0/1')
      await pod.report()
      await world.untilReady('hello')
      const { records } = (await world.module('hello'))!.status!
      expect(records).toEqual([expect.objectContaining({ state: 'Loaded', containerID: pod.containerID })])
      expect(records![0]!.instance).not.toBe(before)
      expect(mappings(world, pod)).toBeGreaterThan(0)
      await world.deleteModule('hello')
      await untilReleasedBy(world, 'Receipt')
    })
  })

  describe('a human’s word', () => {
    it('on a Module counts for this Module only, and is told', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world)
      pod.host.pause()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      const { uid } = (await world.module('hello'))!.metadata
      for (const wrong of ['true', pod.uid, ''])
        await world.patchModule('hello', { metadata: { annotations: { [forceReleaseAnnotation]: wrong } } })
      await world.stays('hello', (module) => condition(module, 'Purged')?.reason === 'HostUnreachable', 1_500)
      await world.patchModule('hello', { metadata: { annotations: { [forceReleaseAnnotation]: uid } } })
      await world.until('hello', (module) => module === undefined)
      expect(condition(world.lastSeen('hello'), 'Purged')).toMatchObject({
        status: 'False',
        reason: 'ForceReleased',
        message: expect.stringContaining(pod.name),
      })
      expect(await world.events('hello')).toContain('ForceReleased')
      // It is there still: that is what the word was needed for. When it answers again, it has to let go.
      expect(mappings(world, pod)).toBeGreaterThan(0)
      pod.host.resume()
      await world.untilUnmapped('hello')
    })

    it('on a pod counts for that pod only, and is told', async () => {
      await using world = await World.create(await sharedApiServer())
      const pod = await loaded(world)
      pod.host.pause()
      await world.deleteModule('hello')
      await world.untilBlocked('hello', 'HostUnreachable')
      await pod.annotate({ [forceReleaseAnnotation]: world.fakes[0]!.uid })
      await world.fakes[0]!.annotate({ [forceReleaseAnnotation]: pod.uid })
      await world.stays('hello', (module) => module !== undefined, 1_500)
      await pod.annotate({ [forceReleaseAnnotation]: pod.uid })
      await world.until('hello', (module) => module === undefined)
      expect(world.lastSeen('hello')?.status?.records?.map(({ reason }) => reason)).toContain('HumanWord')
      expect(await world.events('hello')).toContain('ForceReleased')
    })
  })
})
