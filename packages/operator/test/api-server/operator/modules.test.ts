/** What people do with Modules: the same bytes twice, other hosts, other limits, the same name again, other finalizers. Real hosts. */
import { expect, it, vi } from 'vitest'
import { type Module, moduleFinalizer, type ModuleSpec } from '../../../src/resource/module.ts'
import { kubeConfigOf } from '../../support/api-server/kube-config.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { until } from '../../support/until.ts'
import { counter, endless } from '../../support/world/guests.ts'
import type { HostPod } from '../../support/world/host-pod.ts'
import { sha256 } from '../../support/world/source-server.ts'
import { condition, World } from '../../support/world/world.ts'

async function call({ host }: HostPod, module: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${host.url}/v1/modules/${module}/call/next`, { method: 'POST' })
  return { status: answer.status, body: await answer.json() }
}

const has = ({ namespace }: World, { host }: HostPod, name: string): boolean =>
  host.mappings(`${namespace}.${name}`) > 0

const isSummary = (summary: string) => (module: Module | undefined) =>
  module?.status?.hosts?.summary === summary

const select = (tier: string): Pick<ModuleSpec, 'hosts'> => ({
  hosts: { selector: { matchLabels: { tier } } },
})

describeOnApiServer('Modules', { concurrent: true }, () => {
  it('of the same bytes go one by one: the one that is left serves', async () => {
    await using world = await World.create(await sharedApiServer())
    const pod = await world.addHost()
    world.operate()
    const bytes = counter(40)
    for (const name of ['one', 'two']) await world.createModule(name, bytes)
    for (const name of ['one', 'two']) await world.untilReady(name)
    await world.deleteModule('one')
    await world.untilGone('one')
    expect(has(world, pod, 'two')).toBe(true)
    expect(await call(pod, `${world.namespace}.two`)).toEqual({ status: 200, body: { result: 41 } })
    expect((await call(pod, `${world.namespace}.one`)).status).toBe(404)
    await world.stays('two', (module) => condition(module, 'Ready')?.status === 'True', 1_000)
  })

  it('that are deleted are not loaded by a host that comes meanwhile, and do not wait for it', async () => {
    await using world = await World.create(await sharedApiServer())
    const { host } = await world.addFake()
    world.operate()
    await world.createModule('hello', counter(40))
    await world.untilReady('hello')
    host.lie = ({ method }, response) => method === 'DELETE' && (host.say(response, 500, {}), true)
    await world.deleteModule('hello')
    await world.untilBlocked('hello', 'WaitingForHosts')
    const late = await world.addFake()
    // It is known: this one is loaded there.
    await world.createModule('other', counter(41), { hosts: { selector: { matchLabels: {} } } })
    await world.until('other', isSummary('2/2'))
    expect(late.host.names()).toEqual([`${world.namespace}.other`])
    expect((await world.module('hello'))?.status?.records).toHaveLength(1)
    late.host.lie = () => true
    host.lie = undefined
    await world.untilGone('hello')
  })

  it('are on the hosts that their selector selects, as labels change, and it', async () => {
    await using world = await World.create(await sharedApiServer())
    const a = await world.addHost({ labels: { tier: 'edge' } })
    const b = await world.addHost({ labels: { tier: 'core' } })
    world.operate()
    await world.createModule('hello', counter(40), select('edge'))
    await world.until('hello', isSummary('1/1'))
    expect([has(world, a, 'hello'), has(world, b, 'hello')]).toEqual([true, false])
    await world.patchModule('hello', { spec: select('core') })
    await until('it has moved', () => !has(world, a, 'hello') && has(world, b, 'hello'), 20_000)
    // The host has purged this UID: it comes back under another one.
    await a.label({ tier: 'core' })
    await world.until('hello', isSummary('2/2'))
    expect(has(world, a, 'hello')).toBe(true)
    expect(await call(a, `${world.namespace}.hello`)).toEqual({ status: 200, body: { result: 41 } })
    await a.label({ tier: null })
    await until('it was taken away', () => !has(world, a, 'hello'), 20_000)
    await b.label({ tier: null })
    await world.until('hello', (module) => condition(module, 'Ready')?.reason === 'NoHosts')
    await until('it is nowhere', () => !has(world, b, 'hello'), 20_000)
    await world.until('hello', (module) => module?.status?.records?.length === 0)
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('whose limits are changed are loaded anew without a gap, and the ones before are purged', async () => {
    await using world = await World.create(await sharedApiServer())
    const pod = await world.addHost()
    world.operate()
    await world.createModule('hello', counter(40), { limits: { timeMs: 5_000 } })
    await world.untilReady('hello')
    const before = (await world.module('hello'))!.status!.records![0]!
    const calling = new AbortController()
    let calls = 0
    const failed: unknown[] = []
    const caller = (async () => {
      while (!calling.signal.aborted) {
        const answer = await call(pod, `${world.namespace}.hello`)
        calls += 1
        if (answer.status !== 200) failed.push(answer)
      }
    })()
    await until('it is called', () => calls > 0)
    await world.patchModule('hello', { spec: { limits: { timeMs: 7_000 } } })
    await world.until('hello', ({ status } = {} as Module) => {
      const [record, ...others] = status?.records ?? []
      return others.length === 0 && record?.state === 'Loaded' && record.settings !== before.settings
    })
    const callsThen = calls
    await until('it is called after it', () => calls > callsThen + 1)
    calling.abort()
    await caller
    expect(failed).toEqual([])
    const admin = `http://${pod.address}:8081/v1`
    const { modules } = (await (await fetch(`${admin}/modules`)).json()) as {
      modules: { settings: object }[]
    }
    expect(modules).toEqual([
      expect.objectContaining({ settings: expect.objectContaining({ timeLimitMs: 7_000 }) }),
    ])
    expect((await fetch(`${admin}/purges/${before.hostUID}`)).status).toBe(200)
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('of one name follow each other: the next one has the name once the one before has gone', async () => {
    await using world = await World.create(await sharedApiServer())
    const pod = await world.addHost()
    const fake = await world.addFake()
    world.operate()
    const first = await world.createModule('hello', counter(40))
    await world.untilReady('hello')
    fake.host.lie = ({ method }, response) => method === 'DELETE' && (fake.host.say(response, 500, {}), true)
    await world.deleteModule('hello')
    await world.untilBlocked('hello', 'WaitingForHosts')
    await expect(world.createModule('hello', counter(41))).rejects.toThrow(/AlreadyExists/)
    fake.host.lie = undefined
    await until('the name is free', () => world.lastSeen('hello')?.status?.hosts?.purged === 2, 20_000)
    let second: Module | undefined
    while (second === undefined)
      second = await world.createModule('hello', counter(40)).catch(() => undefined)
    expect(second.metadata.uid).not.toBe(first.metadata.uid)
    await world.untilReady('hello')
    expect((await world.module('hello'))?.metadata.uid).toBe(second.metadata.uid)
    expect(await call(pod, `${world.namespace}.hello`)).toEqual({ status: 200, body: { result: 41 } })
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('keep the finalizers of others, who keep them as long as they like', async () => {
    await using world = await World.create(await sharedApiServer())
    const pod = await world.addHost()
    world.operate()
    const others = ['example.com/backup', 'example.com/audit']
    await world.createModule('hello', counter(40))
    await world.untilReady('hello')
    const [ours] = (await world.module('hello'))!.metadata.finalizers!
    expect(ours).toBe(moduleFinalizer)
    await world.patchModule('hello', { metadata: { finalizers: [others[0], ours, others[1]] } })
    await world.deleteModule('hello')
    await world.until('hello', (module) => !module?.metadata.finalizers?.includes(moduleFinalizer))
    expect(has(world, pod, 'hello')).toBe(false)
    expect((await world.module('hello'))?.metadata.finalizers).toEqual(others)
    await world.stays('hello', (module) => condition(module, 'Purged')?.status === 'True', 1_000)
    await world.patchModule('hello', { metadata: { finalizers: null } })
    await world.untilGone('hello')
  })

  it('say how many slots hold them, and how much memory', async () => {
    await using world = await World.create(await sharedApiServer())
    await world.addHost()
    const { host } = await world.addFake()
    const times = { numbersLookMs: 100, numbersIntervalMs: 1_000 }
    world.operate({}, kubeConfigOf(world.server), times)
    await world.createModule('hello', counter(40), { warmSlots: 3 })
    // One of the fake host, and at least those that were asked for.
    await world.until('hello', (module) => (module?.status?.affineSlots ?? 0) >= 4)
    expect((await world.module('hello'))?.status?.residentBytes).toBeGreaterThanOrEqual(65_536)
    // Nothing else changes.
    host.slots = { affine: 1_000, residentBytes: 2 ** 30 }
    await world.until('hello', (module) => (module?.status?.affineSlots ?? 0) >= 1_000)
    expect((await world.module('hello'))?.status?.residentBytes).toBeGreaterThanOrEqual(2 ** 30)
    host.slots = { affine: 1_050, residentBytes: 2 ** 30 }
    const version = (await world.module('hello'))?.metadata.resourceVersion
    await world.stays('hello', (module) => module?.metadata.resourceVersion === version)
    await world.deleteModule('hello')
    await world.untilGone('hello')
    expect(world.lastSeen('hello')?.status).toMatchObject({ affineSlots: 0, residentBytes: 0 })
  })

  it('of which nothing changes are not written, whoever is in charge', async () => {
    await using world = await World.create(await sharedApiServer())
    await world.addFake()
    const times = { numbersLookMs: 100, numbersIntervalMs: 100, resyncMs: 300 }
    {
      await using _first = world.operate({}, kubeConfigOf(world.server), times)
      await world.createModule('hello', counter(40))
      await world.until('hello', (module) => module?.status?.affineSlots === 1)
      await world.stays('hello', (module) => module?.status?.affineSlots === 1, 500)
    }
    const version = (await world.module('hello'))?.metadata.resourceVersion
    world.operate({}, kubeConfigOf(world.server), times)
    await world.stays('hello', (module) => module?.metadata.resourceVersion === version)
  })

  it('that run a guest are purged once it has ended: the host says so until then', async () => {
    await using world = await World.create(await sharedApiServer())
    const pod = await world.addHost()
    world.operate({ purgeWaitMs: 300 })
    await world.createModule('hello', endless(), { limits: { timeMs: 6_000 } })
    await world.untilReady('hello')
    const running = call(pod, `${world.namespace}.hello`)
    await untilRunning(pod)
    await world.deleteModule('hello')
    await world.untilBlocked('hello', 'WaitingForHosts')
    const [blocker] = (await world.module('hello'))?.status?.blockers ?? []
    expect(blocker).toMatchObject({ host: pod.name, message: 'It waits for running requests.' })
    expect(has(world, pod, 'hello')).toBe(true)
    expect((await running).status).toBe(504)
    await world.untilGone('hello')
  })

  it('whose finalizer is removed by hand are swept from the hosts that hold them', async () => {
    await using world = await World.create(await sharedApiServer())
    const pod = await world.addHost()
    {
      await using _first = world.operate()
      await world.createModule('hello', counter(40))
      await world.createModule('kept', counter(41))
      await world.untilReady('hello')
      await world.untilReady('kept')
    }
    // Not this operator's: it is left alone.
    const body = Buffer.from(counter(42))
    const mine = `http://${pod.address}:8081/v1/modules/mine?name=mine&owner=me&digest=${sha256(body)}`
    expect((await fetch(mine, { method: 'PUT', body })).status).toBe(201)
    await world.patchModule('hello', { metadata: { finalizers: null } })
    await world.deleteModule('hello')
    expect(await world.module('hello')).toBeUndefined()
    expect(has(world, pod, 'hello')).toBe(true)
    const { operator } = world.operate()
    await until('it is swept', () => !has(world, pod, 'hello'), 20_000)
    // The host's answer comes after it has let go.
    await vi.waitFor(async () => {
      const { values } = await operator.metrics.orphans.get()
      expect(values[0]?.value).toBeGreaterThanOrEqual(1)
    }, 20_000)
    expect(has(world, pod, 'kept')).toBe(true)
    expect(pod.host.mappings('mine')).toBeGreaterThan(0)
  })
})

async function untilRunning({ address }: HostPod): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const text = await (await fetch(`http://${address}:8081/v1/modules`)).text()
    const { modules } = JSON.parse(text) as { modules: { requests: number }[] }
    if (modules.some(({ requests }) => requests > 0)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('no request runs')
}
