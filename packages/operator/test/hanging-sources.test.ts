/** Sources that hang, and many of them: nobody else waits for them. The real queue and controller, in memory; time goes by where it says so. */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ModuleWorld } from './support/module-world.ts'

const bytes = Buffer.from('some bytes')
const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const configMap = { name: 'c', key: 'k' }
const urls = Array.from({ length: 40 }, (_, index) => `http://hangs/${index}`)

let world: ModuleWorld

beforeEach(() => {
  world = new ModuleWorld()
  const content = { metadata: { name: 'c', namespace: 'ns' }, binaryData: { k: bytes.toString('base64') } }
  world.state.put('/api/v1/namespaces/ns/configmaps/c', content)
})
afterEach(() => world[Symbol.asyncDispose]())

it('forty of them keep no worker: another Module is loaded and a deleted one released in a few reconciliations', async () => {
  world.create('old', { configMap }, digest)
  await world.rest()
  expect(world.ready('old')[0]).toBe('Loaded')
  const startMs = world.clock.now()
  for (const [index, url] of urls.entries()) world.create(`m${index}`, { http: { url } }, digest)
  await world.rest()
  expect(world.running).toBe(0)
  expect(world.downloader.underWay).toEqual(urls.slice(0, 2))
  for (const [index, url] of urls.entries())
    expect(world.ready(`m${index}`)).toEqual(['WaitingForSource', `Its bytes are being read from ${url}.`])
  // Nobody looks at them again and again.
  expect(world.clock.pendingMs).toEqual([])

  const before = world.reconciled.length
  world.create('good', { configMap }, digest)
  world.delete('old')
  await world.rest()
  expect(world.ready('good')[0]).toBe('Loaded')
  expect(world.module('old')).toBeUndefined()
  expect(world.loaded).toEqual(new Set([world.module('good')?.metadata.uid]))
  expect(world.reconciled.length - before).toBeLessThan(12)
  expect(world.clock.now()).toBe(startMs)
  expect(world.events.toSorted()).toEqual(['good Loaded', 'old Loaded', 'old Purged'])
})

it('forty at one server keep a Module at another one from being loaded only until one of the two downloads ends', async () => {
  for (const [index, url] of urls.entries()) world.create(`m${index}`, { http: { url } }, digest)
  world.downloader.ready.set('http://good/', bytes)
  world.create('good', { http: { url: 'http://good/' } }, digest)
  await world.rest()
  expect(world.ready('good')[0]).toBe('WaitingForSource')
  world.downloader.answer(urls[0]!, bytes, 504)
  await world.rest()
  expect(world.ready('good')[0]).toBe('Loaded')
  expect(world.downloader.underWay).toEqual(urls.slice(1, 3))
})

it('a Module whose bytes are not in a ConfigMap takes five writes, and its host’s pod one', async () => {
  world.downloader.ready.set('http://good/', bytes)
  world.create('good', { http: { url: 'http://good/' } }, digest)
  await world.rest()
  expect(world.ready('good')[0]).toBe('Loaded')
  const writes = world.requests.map(({ method, path }) => `${method} ${path.split('/').slice(5).join('/')}`)
  expect(writes.toSorted()).toEqual([
    'PATCH ns/modules/good',
    ...Array<string>(4).fill('PATCH ns/modules/good/status'),
    'PATCH pods/host-a',
  ])
})

it('their own Modules go at once: one that is read, and one that waits for its turn', async () => {
  for (const [index, url] of urls.entries()) world.create(`m${index}`, { http: { url } }, digest)
  await world.rest()
  for (const name of ['m0', 'm2']) world.delete(name)
  await world.rest()
  expect([world.module('m0'), world.module('m2')]).toEqual([undefined, undefined])
  expect(world.downloader.ended).toEqual([urls[0]])
  expect(world.downloader.asked).toEqual([urls[0], urls[1], urls[3]])
})

it('a download is left when no host is there any more that wants it', async () => {
  const [url] = urls
  world.create('m', { http: { url: url! } }, digest)
  await world.rest()
  expect(world.downloader.underWay).toEqual([url])
  world.hosts = []
  world.lookAt('m')
  await world.rest()
  expect(world.ready('m')[0]).toBe('NoHosts')
  expect(world.downloader.ended).toEqual([url])
})

it('a Module is looked at again when its bytes are here, and when they cannot be had, until they can', async () => {
  const [url] = urls
  world.create('m', { http: { url: url! } }, digest)
  await world.rest()
  expect(world.module('m')?.status).toMatchObject({ records: [], hosts: { summary: '0/1' } })
  for (const pauseMs of [500, 1_000, 2_000]) {
    world.downloader.answer(url!, bytes, 503)
    await world.rest()
    expect(world.ready('m')).toEqual(['SourceUnavailable', `${url} answered with status 503.`])
    expect(world.downloader.underWay).toEqual([])
    await world.clock.advance(pauseMs)
    // While it is tried again, it is still what was wrong last.
    expect(world.downloader.underWay).toEqual([url])
    expect(world.ready('m')[0]).toBe('SourceUnavailable')
  }
  world.downloader.answer(url!, bytes)
  await world.rest()
  expect(world.ready('m')[0]).toBe('Loaded')
  expect(world.loaded.size).toBe(1)
  expect(world.events).toEqual(['m SourceUnavailable', 'm Loaded'])
})
