/** Where a Module's bytes come from: what can be wrong there, what is said of it, and that it is well once it is put right. */
import { expect, it } from 'vitest'
import type { ModuleSpec } from '../../../src/resource/module.ts'
import { callApi, mustCallApi } from '../../support/api-server/call-api.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { until } from '../../support/until.ts'
import { counter } from '../../support/world/guests.ts'
import { type Page, SourceServer, sha256 } from '../../support/world/source-server.ts'
import { condition, World } from '../../support/world/world.ts'

function redirectTo(location: string): Page {
  return (_, response) => void response.writeHead(302, { location }).end()
}

const bytes = counter(40)
const digest = sha256(bytes)
const wasm = 'application/wasm'

/** Nothing of it is anywhere, so it goes at once: not even its ledger names a host. */
async function untilRefused(world: World, name: string, reason: string, words: string): Promise<void> {
  await world.until(name, (module) => condition(module, 'Ready')?.reason === reason)
  const module = await world.module(name)
  expect(condition(module, 'Ready')).toMatchObject({
    status: 'False',
    message: expect.stringContaining(words),
  })
  expect(condition(module, 'Available')?.status).toBe('False')
  expect(module?.status?.records).toEqual([])
  for (const { host } of world.fakes) expect(host.count('PUT')).toBe(0)
}

async function oneHost(options = {}): Promise<World> {
  const world = await World.create(await sharedApiServer())
  await world.addFake()
  world.operate(options)
  return world
}

async function create(world: World, source: ModuleSpec['source'], other = digest): Promise<void> {
  await world.createModule('hello', bytes, { source, digest: other })
}

describeOnApiServer('a source', { concurrent: true }, () => {
  it('that is a ConfigMap: it is missing, lacks the key, has other bytes, and is put right', async () => {
    await using world = await oneHost()
    const path = `/api/v1/namespaces/${world.namespace}/configmaps`
    await create(world, { configMap: { name: 'late', key: 'a.wasm' } })
    await untilRefused(world, 'hello', 'SourceUnavailable', 'late')
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } }
    const write = async (binaryData: object): Promise<void> => {
      await mustCallApi(world.server, `${path}/late`, { method: 'PUT', body: { ...config, binaryData } })
    }
    await mustCallApi(world.server, path, { method: 'POST', body: { ...config, data: { 'b.wasm': 'x' } } })
    await world.until('hello', (module) => condition(module, 'Ready')?.message.includes('a.wasm') ?? false)
    await write({ 'a.wasm': Buffer.from(counter(41)).toString('base64') })
    await untilRefused(world, 'hello', 'DigestMismatch', sha256(counter(41)))
    await write({ 'a.wasm': Buffer.from(bytes).toString('base64') })
    await world.untilReady('hello')
    expect(world.fakes[0]!.host.names()).toEqual([`${world.namespace}.hello`])
    expect(await world.events('hello')).toEqual(
      expect.arrayContaining(['SourceUnavailable', 'DigestMismatch', 'Loaded']),
    )
    await callApi(world.server, `${path}/late`, { method: 'DELETE' })
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('that is a URL: it is not there, answers 500, is cut, has other bytes, and is put right', async () => {
    await using world = await oneHost()
    await using files = await SourceServer.start()
    await create(world, { http: { url: `${files.url}/hello.wasm` } })
    await untilRefused(world, 'hello', 'SourceUnavailable', '404')
    files.pages.set('/hello.wasm', (_, response) => response.writeHead(500).end(bytes))
    await world.until('hello', (module) => condition(module, 'Ready')?.message.includes('500') ?? false)
    files.pages.set('/hello.wasm', (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 20))
      setTimeout(() => response.destroy(), 20)
    })
    await world.until(
      'hello',
      (module) => condition(module, 'Ready')?.message.includes('cannot be read') ?? false,
    )
    files.file('/hello.wasm', bytes.subarray(0, 20))
    await untilRefused(world, 'hello', 'DigestMismatch', digest)
    files.file('/hello.wasm', bytes)
    await world.untilReady('hello')
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('that redirects is followed, and one that does so for ever is not', async () => {
    await using world = await oneHost()
    await using files = await SourceServer.start()
    for (let count = 0; count < 20; count += 1)
      files.pages.set(`/a${count || ''}`, redirectTo(`/a${count + 1}`))
    await create(world, { http: { url: `${files.url}/a` } })
    await untilRefused(world, 'hello', 'SourceUnavailable', '/a')
    expect(files.asked).toContain('/a5')
    expect(files.asked).not.toContain('/a6')
    files.pages.set('/a', redirectTo('/b'))
    files.pages.set('/b', redirectTo(`${files.url}/c`))
    files.file('/c', bytes)
    await world.untilReady('hello')
  })

  it('that is larger than the operator reads is refused while it comes, whatever it says of its length', async () => {
    await using world = await oneHost({ moduleBytes: 1_000 })
    await using files = await SourceServer.start()
    let isCut = false
    // It never ends: only what has come counts.
    files.pages.set('/big', (_, response) => {
      response.once('close', () => (isCut = true))
      response.write(Buffer.alloc(1_001))
    })
    await create(world, { http: { url: `${files.url}/big` } })
    await untilRefused(world, 'hello', 'SourceTooLarge', '1000 bytes')
    expect(isCut).toBe(true)
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('that never answers keeps no other Module waiting, and its own not from going', async () => {
    await using world = await oneHost({ concurrency: 2 })
    await using files = await SourceServer.start()
    files.pages.set('/slow', () => undefined)
    await create(world, { http: { url: `${files.url}/slow` } })
    await world.createModule('other', counter(41))
    await world.untilReady('other')
    expect(files.asked).toEqual(['/slow'])
    // Long before the download would be given up, in a minute.
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('that is being read is told, and let go when its Module is deleted, and when the operator ends', async () => {
    await using world = await World.create(await sharedApiServer())
    await world.addFake()
    const operator = world.operate()
    await using files = await SourceServer.start()
    const cut: string[] = []
    for (const path of ['/a', '/b', '/c'])
      files.pages.set(path, (_, response) => {
        response.once('close', () => cut.push(path))
        response.write('x')
      })
    for (const path of ['/a', '/b']) {
      const source = { http: { url: `${files.url}${path}` } }
      await world.createModule(path.slice(1), bytes, { source })
      await world.until(path.slice(1), (module) => condition(module, 'Ready')?.reason === 'WaitingForSource')
      await until(`${path} is asked for`, () => files.asked.includes(path))
    }
    // Its turn does not come yet.
    await world.createModule('c', bytes, { source: { http: { url: `${files.url}/c` } } })
    await world.until('c', (module) => condition(module, 'Ready')?.message.includes('/c') ?? false)
    expect(files.asked).toEqual(['/a', '/b'])
    await world.deleteModule('a')
    await world.untilGone('a')
    await until('the turn is that of the next', () => files.asked.includes('/c'))
    expect(cut).toEqual(['/a'])
    await operator[Symbol.asyncDispose]()
    await until('all are cut', () => cut.length === 3)
    expect(cut.toSorted()).toEqual(['/a', '/b', '/c'])
  })

  it('that is an artifact in a registry, with a token for everybody', async () => {
    await using world = await oneHost()
    await using registry = await SourceServer.start()
    const reference = registry.artifact('demo/hello', '1.0', [
      { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: Buffer.from('{}') },
      { mediaType: wasm, bytes },
    ])
    await create(world, { oci: { reference } })
    await world.untilReady('hello')
    expect(registry.asked).toEqual([
      '/v2/demo/hello/manifests/1.0',
      '/token',
      '/v2/demo/hello/manifests/1.0',
      `/v2/demo/hello/blobs/${digest}`,
    ])
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('that is an artifact without such a layer says which layers there are, and is put right', async () => {
    await using world = await oneHost()
    await using registry = await SourceServer.start()
    const put = (layer: { mediaType: string; bytes: Uint8Array; digest?: string }): string =>
      registry.artifact('demo/hello', '1.0', [layer])
    const reference = put({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes })
    await create(world, { oci: { reference } })
    await untilRefused(world, 'hello', 'InvalidSource', 'none')
    put({ mediaType: wasm, bytes: counter(41) })
    await untilRefused(world, 'hello', 'DigestMismatch', sha256(counter(41)))
    // It says the right digest, and gives other bytes.
    put({ mediaType: wasm, bytes: counter(41), digest })
    await world.until(
      'hello',
      (module) => condition(module, 'Ready')?.message.includes('The source has') ?? false,
    )
    await untilRefused(world, 'hello', 'DigestMismatch', sha256(counter(41)))
    put({ mediaType: wasm, bytes })
    await world.untilReady('hello')
  })

  it('that is no artifact at all, or wants a password, is told', async () => {
    await using world = await oneHost()
    await using registry = await SourceServer.start()
    const manifest = '/v2/demo/hello/manifests/1.0'
    await create(world, { oci: { reference: `${registry.authority}/demo/hello:1.0` } })
    await untilRefused(world, 'hello', 'SourceUnavailable', '404')
    registry.pages.set(manifest, (_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="private"' }).end(),
    )
    await world.until('hello', (module) => condition(module, 'Ready')?.message.includes('password') ?? false)
    registry.pages.set(manifest, (_, response) => response.end('<html>'))
    await untilRefused(world, 'hello', 'InvalidSource', 'JSON')
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })

  it('whose bytes are no module that a host can pool: the host’s reason is told, and it goes at once', async () => {
    await using world = await World.create(await sharedApiServer())
    await world.addHost()
    world.operate()
    const nonsense = Buffer.from('no WebAssembly at all')
    await world.createModule('hello', nonsense)
    await world.until('hello', (module) => condition(module, 'Ready')?.reason === 'LoadFailed')
    const failed = await world.module('hello')
    expect(condition(failed, 'Ready')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('host-1: '),
    })
    expect(failed?.status?.records).toEqual([
      expect.objectContaining({
        state: 'Failed',
        reason: 'WARMSLOT_UNUSABLE_MODULE',
        message: expect.stringMatching(/.{10}/),
      }),
    ])
    await world.deleteModule('hello')
    await world.untilGone('hello')
    expect(world.lastSeen('hello')?.status?.records).toEqual([expect.objectContaining({ state: 'Purged' })])
  })
})
