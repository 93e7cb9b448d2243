/** Disturbances between the operator and its API server: somebody else writes all the time, watches break, the server restarts or hangs, rights go. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ApiServer } from '../../support/api-server/api-server.ts'
import { apply, deployFolder, readManifests } from '../../support/api-server/apply.ts'
import { callApi, type ApiServerAddress } from '../../support/api-server/call-api.ts'
import { kubeConfigOf } from '../../support/api-server/kube-config.ts'
import { modulePath } from '../../support/api-server/modules.ts'
import { serviceAccountToken } from '../../support/api-server/service-account-token.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { Gate } from '../../support/world/gate.ts'
import { counter } from '../../support/world/guests.ts'
import { World } from '../../support/world/world.ts'

/** As somebody else does: another version of the object. */
async function touch(server: ApiServerAddress, path: string, metadata: object): Promise<void> {
  const contentType = 'application/merge-patch+json'
  await callApi(server, path, { method: 'PATCH', body: { metadata }, contentType })
}

async function ownServer(): Promise<ApiServer> {
  const server = await ApiServer.start()
  for (const manifest of readManifests(join(deployFolder, 'crd'))) await apply(server.address, manifest)
  return server
}

describeOnApiServer('an operator', { concurrent: true }, () => {
  it('whose every write meets a conflict first, brings Modules where they shall be', async () => {
    await using world = await World.create(await sharedApiServer())
    await using gate = await Gate.toApiServer(world.server)
    const pods = [await world.addHost(), await world.addHost()]
    let conflicts = 0
    const met = new Set<string>()
    gate.judge = async ({ method, path, body }): Promise<'pass'> => {
      if (method !== 'PATCH' || path.includes('/events')) return 'pass'
      const object = path.replace(/\/status(\?.*)?$/, '')
      const write = `${path} ${JSON.stringify(keysOf(body))}`
      // The first of each kind is too late; otherwise nothing would ever be done.
      if (met.delete(write)) return 'pass'
      met.add(write)
      conflicts += 1
      await touch(world.server, object, { labels: { touched: String(conflicts) } })
      return 'pass'
    }
    world.operate({}, gate.kubeConfig(world.server))
    await world.createModule('hello', counter(1))
    await world.untilReady('hello')
    expect(conflicts).toBeGreaterThanOrEqual(4)
    const loaded = conflicts
    for (const { host } of pods) expect(host.mappings(`${world.namespace}.hello`)).toBeGreaterThan(0)
    await world.deleteModule('hello')
    await world.untilGone('hello')
    expect(conflicts).toBeGreaterThan(loaded)
  })

  it('beside somebody who writes all the time, loses nothing of what that one writes', async () => {
    await using world = await World.create(await sharedApiServer())
    await world.addFake()
    world.operate()
    await world.createModule('hello', counter(1))
    const path = modulePath(world.namespace, 'hello')
    const writing = new AbortController()
    let written = 0
    const writer = (async () => {
      while (!writing.signal.aborted) {
        written += 1
        await touch(world.server, path, { labels: { written: String(written) } })
        await touch(world.server, `${path}/status`, { annotations: { written: String(written) } })
      }
    })()
    try {
      await world.untilReady('hello')
      await world.deleteModule('hello')
      await world.until('hello', (module) => module === undefined)
    } finally {
      writing.abort()
      await writer
    }
    world.checkUnmapped('hello')
    expect(written).toBeGreaterThan(3)
    expect(Number(world.lastSeen('hello')?.metadata.labels?.['written'])).toBeGreaterThan(1)
  })

  it('whose watches are cut, sees what happened meanwhile', async () => {
    await using world = await World.create(await sharedApiServer())
    await using gate = await Gate.toApiServer(world.server)
    await world.addFake()
    world.operate({}, gate.kubeConfig(world.server))
    await world.createModule('first', counter(1))
    await world.untilReady('first')
    let isCut = true
    gate.judge = ({ isWatch }) => (isWatch && isCut ? 'cut' : 'pass')
    expect(gate.cutWatches()).toBe(3)
    await world.createModule('second', counter(2))
    await world.deleteModule('first')
    isCut = false
    await world.untilReady('second')
    await world.untilGone('first')
  })

  it('whose rights are taken, keeps trying and goes on when it has them again', async () => {
    await using server = await ownServer()
    const { address } = server
    await using world = await World.create(address)
    const { namespace } = world
    const rbac = readManifests(join(deployFolder, 'rbac')).filter(
      ({ metadata }) => metadata.name === 'warmslot-operator',
    )
    // The same rights, in the namespace of this test.
    const manifests = rbac.map((one) =>
      JSON.parse(JSON.stringify(one).replaceAll('warmslot-system', namespace)),
    )
    for (const manifest of manifests) await apply(address, manifest)
    await world.addFake()
    const { operator } = world.operate(
      { moduleNamespace: undefined, leaderElection: true, leaseDurationMs: 60_000 },
      kubeConfigOf(address, await serviceAccountToken(address, namespace, 'warmslot-operator')),
    )
    await world.createModule('first', counter(1))
    await world.untilReady('first')
    const bindings = manifests.filter(({ kind }) => kind.endsWith('Binding'))
    expect(bindings.map(({ kind }) => kind).sort()).toEqual(['ClusterRoleBinding', 'RoleBinding'])
    for (const { kind, metadata } of bindings) {
      const where = kind === 'RoleBinding' ? `namespaces/${namespace}/rolebindings` : 'clusterrolebindings'
      await callApi(address, `/apis/rbac.authorization.k8s.io/v1/${where}/${metadata.name}`, {
        method: 'DELETE',
      })
    }
    await world.deleteModule('first')
    await world.createModule('second', counter(2))
    await untilRefused(operator)
    expect((await world.module('second'))?.metadata.finalizers).toBeUndefined()
    expect(await world.module('first')).toBeDefined()
    for (const manifest of bindings) await apply(address, manifest)
    await world.untilGone('first')
    await world.untilReady('second')
    await world.deleteModule('second')
    await world.untilGone('second')
  })

  it('whose API server restarts, and hangs, while it loads and releases', async () => {
    await using server = await ownServer()
    await using world = await World.create(server.address)
    const { host } = await world.addHost()
    await world.addFake()
    world.operate()
    await world.createModule('kept', counter(1))
    await world.untilReady('kept')
    const names = ['a', 'b', 'c', 'd']
    // In mid-load, and in mid-release: nobody waits for either.
    for (const [index, name] of names.entries()) await world.createModule(name, counter(10 + index))
    await server.restart({ signal: 'SIGKILL' })
    for (const name of names) await world.untilReady(name)
    for (const name of ['a', 'b']) await world.deleteModule(name)
    await server.restart()
    for (const name of ['a', 'b']) await world.untilGone(name)
    await world.createModule('e', counter(20))
    await world.deleteModule('c')
    server.pause()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    server.resume()
    await world.untilGone('c')
    await world.untilReady('e')
    for (const name of ['kept', 'd', 'e'])
      expect(host.mappings(`${world.namespace}.${name}`)).toBeGreaterThan(0)
  })
})

/** Top-level fields and those of metadata: what kind of write it is. */
function keysOf(body: string): string[] {
  const { metadata = {}, ...rest } = JSON.parse(body) as { metadata?: object }
  return [...Object.keys(rest), ...Object.keys(metadata)]
}

async function untilRefused({ metrics }: ReturnType<World['operate']>['operator']): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const { values } = await metrics.requests.get()
    const refused = values.find(({ labels }) => labels['code'] === '403' && labels['method'] === 'PATCH')
    if ((refused?.value ?? 0) >= 3) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('nothing was refused')
}
