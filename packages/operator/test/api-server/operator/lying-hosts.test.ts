/** Hosts that lie, or talk nonsense: none of it releases a Module, and one that becomes honest does. */
import type { ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { until } from '../../support/until.ts'
import type { FakeHost, HostRequest, Lie } from '../../support/world/fake-host.ts'
import { counter } from '../../support/world/guests.ts'
import { World } from '../../support/world/world.ts'

/** Of its answers to `DELETE` only. */
const toDelete =
  (answer: (response: ServerResponse, host: FakeHost, request: HostRequest) => void): Lie =>
  (request, response, host) => {
    if (request.method !== 'DELETE') return false
    answer(response, host, request)
    return true
  }

/** A receipt in which something is wrong; the host keeps the module. */
const receiptWith = (wrong: object, status = 200): Lie =>
  toDelete((response, host, { uid, query }) =>
    host.say(response, status, { ...host.receipt(uid, query.get('digest')), ...wrong }),
  )

const raw = (body: string, status = 200): Lie =>
  toDelete((response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body))

const megabyte = Buffer.alloc(2 ** 20, 0x20)

/** As fast as it is read, until it is cut. */
function pour(response: ServerResponse, leftMegabytes: number): void {
  if (leftMegabytes === 0) return void response.end()
  if (response.destroyed) return
  if (response.write(megabyte)) setImmediate(() => pour(response, leftMegabytes - 1))
  else response.once('drain', () => pour(response, leftMegabytes - 1))
}

const mapped = 'MemoryStillMapped'
const waiting = 'WaitingForHosts'
const unreachable = 'HostUnreachable'
const kernel = { mappings: 0, descriptors: 0 }

const lies: readonly (readonly [string, string, Lie])[] = [
  ['complete, with mappings left', mapped, receiptWith({ kernel: { mappings: 3, descriptors: 0 } })],
  ['complete, with descriptors left', mapped, receiptWith({ kernel: { mappings: 0, descriptors: 1 } })],
  ['complete, and nothing of the kernel', mapped, receiptWith({ kernel: null })],
  ['complete, with mappings that are text', mapped, receiptWith({ kernel: { ...kernel, mappings: '0' } })],
  ['complete: "true"', mapped, receiptWith({ complete: 'true' })],
  ['not complete', mapped, receiptWith({ complete: false })],
  ['complete, and it still lists the module', mapped, receiptWith({})],
  ['a receipt for another UID', mapped, receiptWith({ uid: '00000000-0000-4000-8000-000000000000' })],
  ['a receipt for other bytes', mapped, receiptWith({ digest: `sha256:${'1'.repeat(64)}` })],
  ['a receipt of another process', mapped, receiptWith({ instance: 'another' })],
  [
    '202, and its kernel has mappings',
    mapped,
    receiptWith({ lastAttempt: { complete: false, kernel: { mappings: 1, descriptors: 0 } } }, 202),
  ],
  ['202 with a receipt that is right', waiting, receiptWith({}, 202)],
  ['200 with HTML', waiting, raw('<html>all is well</html>')],
  ['200 with nothing', waiting, raw('')],
  ['200 with null', waiting, raw('null')],
  ['200 with a list', mapped, raw('[]')],
  ['404', waiting, raw('{"code": "WARMSLOT_UNKNOWN_MODULE"}', 404)],
  ['410', waiting, raw('{}', 410)],
  ['500', waiting, raw('it broke', 500)],
  [
    'a redirect',
    waiting,
    toDelete((response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}')),
  ],
  ['a body that never ends', unreachable, toDelete((response) => void response.writeHead(200).write('{'))],
  ['a body of 1 GB', unreachable, toDelete((response) => pour(response.writeHead(200), 1024))],
  ['a connection that is cut', unreachable, toDelete((response) => void response.destroy())],
  [
    'an answer that is cut',
    unreachable,
    toDelete((response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"complete": true')
      setTimeout(() => response.destroy(), 20)
    }),
  ],
]

describeOnApiServer('a host that answers to DELETE', () => {
  it.concurrent.each(lies)('%s', async (_, reason, lie) => {
    await using world = await World.create(await sharedApiServer())
    const { host } = await world.addFake()
    world.operate({ hostTimeoutMs: 500 })
    await world.createModule('hello', counter(1))
    await world.untilReady('hello')
    host.lie = lie
    await world.deleteModule('hello')
    await world.until('hello', (module) => module?.status?.records?.[0]?.reason === reason)
    const told = host.count('DELETE')
    await until('it has told the same again', () => host.count('DELETE') >= told + 2)
    const kept = await world.module('hello')
    expect(kept?.status?.records).toEqual([expect.objectContaining({ state: 'Purging' })])
    expect(kept?.status?.blockers).toEqual([expect.objectContaining({ host: 'host-1', reason })])
    host.lie = undefined
    await world.untilGone('hello')
  })
})

describeOnApiServer('a host that lies', () => {
  it('about what it lists, is asked all the same', async () => {
    await using world = await World.create(await sharedApiServer())
    const { host } = await world.addFake()
    world.operate()
    await world.createModule('hello', counter(1))
    await world.untilReady('hello')
    const hide: Lie = ({ path, method }, response) => {
      if (path !== '/v1/modules') return method === 'DELETE' && (host.say(response, 500, {}), true)
      host.say(response, 200, { modules: [] })
      return true
    }
    host.lie = hide
    await world.deleteModule('hello')
    await world.untilBlocked('hello', waiting)
    await until('it was asked', () => host.count('DELETE') >= 3)
    expect(await world.module('hello')).toBeDefined()
    host.lie = undefined
    await world.untilGone('hello')
  })

  it('keeps a Module from going that another host has let go, and its numbers say so', async () => {
    await using world = await World.create(await sharedApiServer())
    const [honest, liar] = [await world.addHost(), await world.addFake()]
    world.operate()
    await world.createModule('hello', counter(1))
    await world.untilReady('hello')
    liar.host.lie = receiptWith({ kernel: { mappings: 1, descriptors: 0 } })
    await world.deleteModule('hello')
    await world.untilBlocked('hello', mapped)
    await world.until('hello', (module) => module?.status?.hosts?.purged === 1)
    expect(honest.host.mappings(`${world.namespace}.hello`)).toBe(0)
    const { hosts, blockers } = (await world.module('hello'))!.status!
    expect(hosts).toEqual({ desired: 0, available: 0, purged: 1, summary: '1/2 purged' })
    expect(blockers).toEqual([expect.objectContaining({ host: liar.name, node: liar.node, reason: mapped })])
    liar.host.lie = undefined
    await world.untilGone('hello')
    expect(await world.events('hello')).toEqual(expect.arrayContaining(['Loaded', mapped, 'Purged']))
  })

  it('that it is another process, is given nothing and proves nothing', async () => {
    await using world = await World.create(await sharedApiServer())
    const { host } = await world.addFake()
    world.operate()
    await world.createModule('hello', counter(1))
    await world.untilReady('hello')
    const honest = { instance: host.instance, startedAt: new Date(Date.now() - 60_000).toISOString() }
    // It says so to whoever asks who it is, and has started before it was seen alive: so that proves nothing.
    host.lie = ({ path, method }, response) => {
      if (path !== '/v1/host') return method === 'DELETE' && (host.say(response, 412, {}), true)
      host.say(response, 200, { ...honest, instance: 'another', now: new Date().toISOString() })
      return true
    }
    await world.deleteModule('hello')
    await until('it was asked', () => host.count('DELETE') >= 3)
    expect(await world.module('hello')).toBeDefined()
    host.lie = undefined
    await world.untilGone('hello')
  })
})
