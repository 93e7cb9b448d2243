/** Bytes for whoever must not wait for them: when a download begins, whom it serves, when it is tried again, and what ends it. */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ApiClient } from '../src/kubernetes/cluster/api-client.ts'
import type { Module } from '../src/resource/module.ts'
import { BackgroundSources, type BackgroundSourcesOptions } from '../src/sources/background-sources.ts'
import { module } from './support/host-records.ts'
import { ManualClock, settle } from './support/manual-clock.ts'
import { ScriptedDownloader } from './support/scripted-downloader.ts'

const bytes = Buffer.from('some bytes')
const digestOf = (content: Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`

let clock: ManualClock
let downloader: ScriptedDownloader
let told: string[]
let sources: BackgroundSources

function open(options: Partial<BackgroundSourcesOptions> = {}): BackgroundSources {
  clock = new ManualClock()
  downloader = new ScriptedDownloader()
  told = []
  sources = new BackgroundSources({
    cluster: undefined as never,
    retryMs: 4_000,
    told: (key) => told.push(key),
    downloader,
    clock,
    random: () => 0,
    ...options,
  })
  return sources
}

beforeEach(() => void open())
afterEach(() => sources[Symbol.asyncDispose]())

/** A Module `ns/NAME`, whose bytes are at `url`. */
function at(url: string, name = url, metadata: Module['metadata'] = {}, content: Uint8Array = bytes): Module {
  return module({
    metadata: { ...module().metadata, name, uid: `uid-${name}`, ...metadata },
    spec: { source: { http: { url } }, digest: digestOf(content) },
  })
}

async function answer(url: string, content: Uint8Array = bytes, status = 200): Promise<void> {
  downloader.answer(url, content, status)
  await settle()
  // A turn ends a little later than its work.
  await settle()
}

it('are not here at first, and found by who asks again when told; one download does', async () => {
  const one = at('a')
  expect(await sources.read(one)).toBeUndefined()
  expect(await sources.read(one)).toBeUndefined()
  await settle()
  expect([downloader.asked, told]).toEqual([['a'], []])
  await answer('a')
  expect(told).toEqual(['ns/a'])
  expect(await sources.read(one)).toEqual(bytes)
  // Nothing is left that could come later.
  expect(clock.pendingMs).toEqual([])
  // They are kept, as long as there is room, for a host that comes later.
  expect(await sources.read(one)).toEqual(bytes)
  expect([downloader.asked, told]).toEqual([['a'], ['ns/a']])
})

it('of one source are fetched once for many Modules, each of which is told; another namespace fetches its own', async () => {
  const [one, two] = [at('a', 'one'), at('a', 'two')]
  const other = at('a', 'one', { namespace: 'other' })
  for (const asking of [one, two, other]) expect(await sources.read(asking)).toBeUndefined()
  await settle()
  expect(downloader.asked).toEqual(['a', 'a'])
  await answer('a')
  expect(told).toEqual(['ns/one', 'ns/two'])
  expect(await sources.read(one)).toBe(await sources.read(two))
  expect(await sources.read(other)).toBeUndefined()
  await answer('a')
  expect(told.at(-1)).toBe('other/one')
})

it('that nobody wants any more are not fetched to the end, and not begun', async () => {
  const [shared, hanging, waiting, last] = [at('a', 'one'), at('b'), at('c'), at('d')]
  for (const asking of [shared, at('a', 'two'), hanging, waiting, last]) await sources.read(asking)
  await settle()
  expect(downloader.underWay).toEqual(['a', 'b'])
  sources.leave('ns/c')
  sources.leave('ns/one')
  await settle()
  // The other one still wants it.
  expect([downloader.ended, downloader.underWay]).toEqual([[], ['a', 'b']])
  sources.leave('ns/b')
  await settle()
  await settle()
  expect([downloader.ended, downloader.underWay]).toEqual([['b'], ['a', 'd']])
  sources.leave('ns/two')
  sources.leave('ns/nobody')
  await settle()
  expect([downloader.ended, downloader.asked]).toEqual([
    ['b', 'a'],
    ['a', 'b', 'd'],
  ])
  expect([told, clock.pendingMs]).toEqual([[], []])
})

it('leave nothing behind, at whatever moment of their arrival they are left', async () => {
  for (let steps = 0; steps < 40; steps += 1) {
    const url = `at ${steps}`
    await sources.read(at(url))
    await settle()
    downloader.answer(url, bytes)
    for (let step = 0; step < steps; step += 1) await Promise.resolve()
    const toldBefore = told.length
    sources.leave(`ns/${url}`)
    await settle()
    expect([told.length, clock.pendingMs]).toEqual([toldBefore, []])
  }
})

it('are not begun for a Module that was left while it was worked on', async () => {
  const left = new Error('left')
  await expect(sources.read(at('a'), AbortSignal.abort(left))).rejects.toBe(left)
  expect(downloader.asked).toEqual([])
})

it('of a Module that has the name of one that is gone are its own', async () => {
  await sources.read(at('a', 'm'))
  await answer('a', bytes, 500)
  await expect(sources.read(at('a', 'm'))).rejects.toThrow('500')
  expect(await sources.read(at('a', 'm', { uid: 'new' }))).toBeUndefined()
  await settle()
  expect(downloader.asked).toEqual(['a', 'a'])
  expect(await sources.read(at('b', 'm', { uid: 'newer' }))).toBeUndefined()
  await settle()
  expect([downloader.ended, downloader.underWay]).toEqual([['a'], ['b']])
})

it('that cannot be had are tried again after pauses that grow; meanwhile the problem is told', async () => {
  const one = at('a')
  const problem = async (status: number): Promise<void> =>
    await expect(sources.read(one)).rejects.toMatchObject({
      code: 'WARMSLOT_SOURCE',
      reason: 'SourceUnavailable',
      message: `a answered with status ${status}.`,
    })
  expect(await sources.read(one)).toBeUndefined()
  for (const [index, pauseMs] of [500, 1_000, 2_000, 4_000, 4_000].entries()) {
    await answer('a', bytes, 501 + index)
    expect(told).toHaveLength(index + 1)
    // However often somebody asks.
    await problem(501 + index)
    await clock.advance(pauseMs - 1)
    await problem(501 + index)
    expect(downloader.underWay).toEqual([])
    await clock.advance(1)
    expect(downloader.underWay).toEqual(['a'])
    await problem(501 + index)
  }
  await answer('a')
  expect(told).toHaveLength(6)
  expect(await sources.read(one)).toEqual(bytes)
  // The next failure is a first one.
  const next = at('b')
  await sources.read(next)
  await answer('b', bytes, 500)
  expect(clock.pendingMs).toEqual([500])
  sources.leave('ns/b')
  expect(clock.pendingMs).toEqual([])
})

it('that hang keep two turns; the others come in the order in which they were asked for, the ones that failed again at the end', async () => {
  for (const path of ['a', 'b', 'c', 'd']) await sources.read(at(path))
  await settle()
  expect(downloader.underWay).toEqual(['a', 'b'])
  await answer('a', bytes, 500)
  expect(downloader.underWay).toEqual(['b', 'c'])
  await clock.advance(500)
  await answer('b')
  await answer('c')
  expect(downloader.underWay).toEqual(['d', 'a'])
})

it('of a server that hangs have all turns only until one ends: then one of another server is next', async () => {
  const hanging = Array.from({ length: 40 }, (_, index) => `http://hangs/${index}`)
  for (const url of hanging) await sources.read(at(url, url.slice(-2)))
  await settle()
  expect(downloader.underWay).toEqual(hanging.slice(0, 2))
  await sources.read(at('http://good.example/m', 'good'))
  await sources.read(
    module({
      ...at('', 'oci'),
      spec: { ...at('').spec, source: { oci: { reference: 'good.example/m:1' } } },
    }),
  )
  await answer(hanging[0]!, bytes, 504)
  expect(downloader.underWay).toEqual([hanging[1], 'http://good.example/m'])
  await answer('http://good.example/m')
  expect(told.at(-1)).toBe('ns/good')
  expect(downloader.underWay).toEqual([hanging[1], 'https://good.example/v2/m/manifests/1'])
  await answer('https://good.example/v2/m/manifests/1', Buffer.from('{}'))
  expect(downloader.underWay).toEqual([hanging[1], hanging[2]])
})

it('that nobody takes keep others from being begun while they are many, and are dropped after a while', async () => {
  await sources[Symbol.asyncDispose]()
  open({ mostHeldBytes: 150, keptBytes: 10, holdMs: 1_000 })
  const content = Buffer.alloc(100)
  const large = (name: string): Module => at(name, name, {}, content)
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await sources.read(large(name))
  await answer('a', content)
  // There is room yet.
  expect(downloader.underWay).toEqual(['b', 'c'])
  await clock.advance(500)
  await answer('b', content)
  await answer('c', content)
  expect([downloader.underWay, told]).toEqual([[], ['ns/a', 'ns/b', 'ns/c']])
  // Taken: too large to be kept, but handed over.
  expect(await sources.read(large('b'))).toEqual(content)
  await settle()
  expect(downloader.underWay).toEqual([])
  // Dropped.
  await clock.advance(500)
  expect(downloader.underWay).toEqual(['d', 'e'])
  await answer('d', content)
  expect(downloader.underWay).toEqual(['e'])
  // Its Module is gone.
  sources.leave('ns/c')
  await settle()
  expect(downloader.underWay).toEqual(['e', 'f'])
  expect(await sources.read(large('d'))).toEqual(content)
  // What was dropped is fetched again by whoever asks for it.
  expect(await sources.read(large('a'))).toBeUndefined()
  await answer('e', content)
  expect(downloader.underWay).toEqual(['f', 'a'])
})

it('that several wait for are held once', async () => {
  await sources[Symbol.asyncDispose]()
  open({ mostHeldBytes: 11 })
  const names = ['one', 'two', 'three']
  for (const name of names) await sources.read(at('a', name))
  await answer('a')
  await sources.read(at('b'))
  await settle()
  expect(downloader.underWay).toEqual(['b'])
  await answer('b')
  await sources.read(at('c'))
  await settle()
  expect(downloader.underWay).toEqual([])
  for (const name of names.slice(1)) await sources.read(at('a', name))
  expect(downloader.underWay).toEqual([])
  await sources.read(at('a', 'one'))
  await settle()
  expect(downloader.underWay).toEqual(['c'])
})

it('in a ConfigMap are read while they are asked for, and wait for no turn', async () => {
  await sources[Symbol.asyncDispose]()
  const found = { binaryData: { k: bytes.toString('base64') } }
  open({ cluster: { request: async () => found } as unknown as ApiClient })
  for (const path of ['a', 'b', 'c']) await sources.read(at(path))
  const one = module({ spec: { source: { configMap: { name: 'c', key: 'k' } }, digest: digestOf(bytes) } })
  expect(await sources.read(one)).toEqual(bytes)
  const missing = module({ spec: { ...one.spec, source: { configMap: { name: 'c', key: 'other' } } } })
  await expect(sources.read(missing)).rejects.toMatchObject({ reason: 'SourceUnavailable' })
  expect(told).toEqual([])
})

it('are not fetched any more when it ends: neither what is under way, nor what waits, nor what comes', async () => {
  for (const path of ['a', 'b', 'c']) await sources.read(at(path))
  await settle()
  await answer('a', bytes, 500)
  expect(downloader.underWay).toEqual(['b', 'c'])
  await sources[Symbol.asyncDispose]()
  expect([downloader.ended, clock.pendingMs]).toEqual([['b', 'c'], []])
  expect(await sources.read(at('d'))).toBeUndefined()
  await settle()
  expect([downloader.underWay, told]).toEqual([[], ['ns/a']])
})
