import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ApiObject, KubernetesApiError, Reflector } from '../../src/index.ts'
import { FakeApiServer, sendJson, sendStatus } from '../support/fake-api-server.ts'
import { settle } from '../support/manual-clock.ts'
import { collection, ReflectorJournal } from '../support/reflector-journal.ts'
import { until } from '../support/until.ts'

let server: FakeApiServer
beforeEach(async () => {
  server = await FakeApiServer.start()
})
afterEach(() => server[Symbol.asyncDispose]())

function put(name: string, rest: object = {}, metadata: object = {}): ApiObject {
  return server.state.put(collection, { metadata: { namespace: 'demo', name, ...metadata }, ...rest })
}

function remove(name: string): void {
  server.state.remove(collection, 'demo', name)
}

const lists = (): number => server.requests.filter(({ query }) => !query.has('watch')).length
const watches = (): number => server.requests.filter(({ query }) => query.has('watch')).length

describe('lists', () => {
  test('pages are put together, and asked for without a resource version', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) put(name)
    await using journal = new ReflectorJournal(server, { pageSize: 2, labelSelector: 'x=y' })
    await journal.reflector.synced
    expect(journal.words).toEqual(['added a', 'added b', 'added c', 'added d', 'added e'])
    const queries = server.requests.slice(0, 3).map(({ query }) => Object.fromEntries(query))
    expect(queries.map(({ limit, labelSelector }) => `${limit} ${labelSelector}`)).toEqual([
      '2 x=y',
      '2 x=y',
      '2 x=y',
    ])
    expect(queries.every((query) => !('resourceVersion' in query))).toBe(true)
    await journal.watch()
    expect(lists()).toBe(3)
  })

  test('pages that expire on the way are asked for in one piece, and nothing of the first is left', async () => {
    for (const name of ['a', 'b', 'c', 'd']) put(name)
    server.script = ({ query }) => {
      if (query.has('continue')) {
        server.state.expirePages()
        remove('a')
      }
      return false
    }
    await using journal = new ReflectorJournal(server, { pageSize: 2 })
    await journal.reflector.synced
    expect(journal.words).toEqual(['added b', 'added c', 'added d'])
    expect(server.requests.slice(0, 3).map(({ query }) => query.get('limit'))).toEqual(['2', '2', null])
    expect(journal.failures).toEqual([])
  })

  test.each([
    [
      'more objects than allowed',
      { maxObjects: 1 },
      {
        items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
        metadata: { resourceVersion: '5' },
      },
      /maxObjects/,
    ],
    ['no resource version', {}, { items: [], metadata: {} }, /has no resourceVersion/],
    [
      'pages without an end',
      {},
      { items: [], metadata: { resourceVersion: '5', continue: 'x' } },
      /does not end/,
    ],
  ])('%s is a failure', async (_name, options, body, message) => {
    server.script = (_request, response) => sendJson(response, 200, body) === undefined
    await using journal = new ReflectorJournal(server, options)
    await journal.backOffMs(1)
    expect(journal.failures[0]).toMatchObject({
      phase: 'list',
      error: { code: 'WARMSLOT_KUBERNETES_PROTOCOL' },
    })
    expect((journal.failures[0]!.error as Error).message).toMatch(message)
    expect(journal.reflector.hasSynced).toBe(false)
  })

  test('Go’s null is an empty list', async () => {
    server.script = ({ query }, response) =>
      !query.has('watch') &&
      sendJson(response, 200, { items: null, metadata: { resourceVersion: '100' } }) === undefined
    await using journal = new ReflectorJournal(server)
    await journal.reflector.synced
    expect(journal.names).toEqual([])
  })
})

describe('changes', () => {
  test('events reach handlers and store, in order', async () => {
    put('a')
    await using journal = new ReflectorJournal(server)
    await journal.watch()
    put('b')
    put('a', { data: { x: '1' } })
    remove('b')
    await until('all is told', () => journal.told.length === 4)
    expect(journal.words).toEqual(['added a', 'added b', 'updated a', 'deleted b'])
    expect(journal.reflector.store.get('demo/a')).toMatchObject({ data: { x: '1' } })
    expect(journal.reflector.store.get('demo/b')).toBeUndefined()
    expect(journal.told[3]!.object.metadata?.resourceVersion).toBe(String(server.state.revision))
  })

  test('what is missed is told by the next list: changes, what is gone with its last known state, and what was replaced', async () => {
    const gone = put('gone')
    const replaced = put('replaced')
    put('same')
    put('changed')
    await using journal = new ReflectorJournal(server)
    const watch = await journal.watch()
    watch.isStalled = true
    remove('gone')
    put('changed', { data: {} })
    remove('replaced')
    put('replaced')
    put('new')
    server.state.compact()
    watch.cut()
    journal.told.length = 0
    await journal.endBackOff()
    await journal.watch()
    const expected = ['deleted gone', 'deleted replaced', 'added replaced', 'updated changed', 'added new']
    expect(journal.words.toSorted()).toEqual(expected.toSorted())
    expect(journal.words[0]).toBe('deleted gone')
    expect(journal.words.indexOf('deleted replaced')).toBeLessThan(journal.words.indexOf('added replaced'))
    expect(journal.told[0]!.object).toEqual(gone)
    expect(
      journal.told.find(({ type, object }) => type === 'deleted' && object.metadata?.name === 'replaced')!
        .object,
    ).toEqual(replaced)
    expect(journal.names).toEqual(['changed', 'new', 'replaced', 'same'])
  })

  test('an object that comes with another uid is the old one’s end and a new one', async () => {
    put('a')
    await using journal = new ReflectorJournal(server)
    await journal.watch()
    put('a', {}, { uid: 'other' })
    await until('both are told', () => journal.told.length === 3)
    expect(journal.words).toEqual(['added a', 'deleted a', 'added a'])
    expect(journal.told.map(({ object }) => object.metadata?.uid)).toEqual(['uid-1', 'uid-1', 'other'])
  })

  test('an event of the past changes nothing, nor does the end of an object that was there before', async () => {
    const first = put('a')
    await using journal = new ReflectorJournal(server)
    const watch = await journal.watch()
    const second = put('a', { data: { now: 'yes' } })
    watch.send('MODIFIED', first)
    watch.send('DELETED', {
      metadata: { ...first.metadata, uid: 'before', resourceVersion: String(server.state.revision + 1) },
    })
    put('b')
    await until('the last is told', () => journal.words.includes('added b'))
    expect(journal.words).toEqual(['added a', 'updated a', 'added b'])
    expect(journal.reflector.store.get('demo/a')).toEqual(second)
  })

  test('a character that is split over packets stays whole, and so does an event', async () => {
    await using journal = new ReflectorJournal(server)
    const watch = await journal.watch()
    const object = {
      metadata: { namespace: 'demo', name: 'a', uid: 'u', resourceVersion: '101' },
      data: { text: 'Grüße, 世界 🌍' },
    }
    const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n\r\n`)
    await watch.writeSlowly(bytes, 1)
    await until('it is told', () => journal.told.length === 1)
    expect(journal.told[0]!.object).toEqual(object)
    expect(journal.failures).toEqual([])
  })

  test('indexes follow', async () => {
    put('a', { data: { host: 'x' } })
    const indexers = {
      host: (object: ApiObject) => Object.values((object as { data?: Record<string, string> }).data ?? {}),
    }
    await using journal = new ReflectorJournal(server, { indexers })
    const names = (value: string): unknown =>
      journal.reflector.store.byIndex('host', value).map(({ metadata }) => metadata!.name)
    await journal.watch()
    put('b', { data: { host: 'x', other: 'y' } })
    await until('b is there', () => journal.told.length === 2)
    expect([names('x'), names('y'), names('z')]).toEqual([['a', 'b'], ['b'], []])
    put('b', { data: { host: 'z' } })
    remove('a')
    await until('all is told', () => journal.told.length === 4)
    expect([names('x'), names('y'), names('z')]).toEqual([[], [], ['b']])
    expect(() => journal.reflector.store.byIndex('none', 'x')).toThrow(/"index" must be one of host/)
  })

  test('what is transformed is kept; a handler or a transformation that throws is reported, and stops nothing', async () => {
    put('a', { data: { secret: 'x' } })
    await using journal = new ReflectorJournal(server, {
      transform({ metadata }) {
        if (metadata?.name === 'bad') throw new Error('transformation failed')
        return { metadata: metadata! }
      },
      handlers: {
        added() {
          throw new Error('handler failed')
        },
      },
    })
    await journal.watch()
    put('bad')
    put('b')
    await until('b is there', () => journal.names.includes('b'))
    expect(journal.reflector.store.get('demo/a')).not.toHaveProperty('data')
    expect(journal.names).toEqual(['a', 'b', 'bad'])
    expect(journal.failures.map(({ phase, error }) => [phase, (error as Error).message])).toEqual([
      ['handler', 'handler failed'],
      ['handler', 'transformation failed'],
      ['handler', 'handler failed'],
      ['handler', 'handler failed'],
    ])
    expect(journal.reflector.state).toBe('watching')
  })

  test('who subscribes later is told of what is there, until it ends that', async () => {
    put('a')
    await using journal = new ReflectorJournal(server)
    await journal.watch()
    const names: string[] = []
    const end = journal.reflector.subscribe({ added: ({ metadata }) => names.push(metadata!.name!) })
    put('b')
    await until('b is told', () => names.length === 2)
    end()
    put('c')
    await until('c is told to the other', () => journal.told.length === 3)
    expect(names).toEqual(['a', 'b'])
  })
})

describe('watches', () => {
  test('each is asked for with bookmarks and for a random time, and begins where the last one was', async () => {
    let random = 0
    put('a')
    await using journal = new ReflectorJournal(server, {
      random: () => random,
      namespace: 'demo',
      fieldSelector: 'metadata.name!=x',
    })
    const watch = await journal.watch()
    expect(watch.path).toBe('/api/v1/namespaces/demo/configmaps')
    expect(Object.fromEntries(watch.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: String(server.state.revision),
      timeoutSeconds: '300',
      fieldSelector: 'metadata.name!=x',
    })
    watch.bookmark(150)
    random = 0.999
    watch.end()
    await until('it watches again', () => watches() === 2)
    expect(server.requests.at(-1)!.query.get('resourceVersion')).toBe('150')
    expect(server.requests.at(-1)!.query.get('timeoutSeconds')).toBe('600')
    expect([lists(), journal.failures]).toEqual([1, []])
  })

  test('one that ends after a while without an event is asked for again at once', async () => {
    await using journal = new ReflectorJournal(server)
    for (let round = 1; round <= 20; round += 1) {
      const watch = await journal.watch()
      journal.clock.jump(1_000)
      watch.end()
      await until('it watches again', () => watches() === round + 1)
    }
    expect([lists(), journal.failures]).toEqual([1, []])
  })

  test('one that ends at once, again and again, is asked for less and less often', async () => {
    server.script = ({ query }, response) => {
      if (!query.has('watch')) return false
      response.writeHead(200).end()
      return true
    }
    await using journal = new ReflectorJournal(server)
    const waits: number[] = []
    for (let failure = 1; failure <= 8; failure += 1) {
      waits.push(await journal.backOffMs(failure))
      await journal.endBackOff()
    }
    expect(waits).toEqual([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000])
    expect(lists()).toBe(1)
  })

  test('only an event, or a list, ends the growth of the waits', async () => {
    let fails = true
    server.script = ({ query }, response) =>
      query.has('watch') && fails && sendStatus(response, 503, 'ServiceUnavailable')
    await using journal = new ReflectorJournal(server)
    for (let failure = 1; failure <= 3; failure += 1) {
      expect(await journal.backOffMs(failure)).toBe(800 * 2 ** (failure - 1))
      fails = failure < 3
      await journal.endBackOff()
    }
    // It has begun, which is no event; then it breaks.
    const first = await journal.watch()
    first.cut()
    expect(await journal.backOffMs(4)).toBe(6_400)
    await journal.endBackOff()
    const second = await journal.watch()
    second.bookmark(120)
    await until('it is told', () => journal.reflector.lastError === undefined)
    second.cut()
    expect(await journal.backOffMs(5)).toBe(800)
  })

  test.each(['HTTP', 'event'] as const)(
    '410 by %s: a list at once, and after a second one without an event in between a wait',
    async (by) => {
      let refusals = 2
      server.script = ({ query }, response) => {
        if (!query.has('watch') || refusals === 0) return false
        refusals -= 1
        if (by === 'HTTP') return sendStatus(response, 410, 'Gone')
        response
          .writeHead(200)
          .end(
            `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`,
          )
        return true
      }
      await using journal = new ReflectorJournal(server)
      expect(await journal.backOffMs(1)).toBe(800)
      expect([lists(), watches()]).toEqual([2, 2])
      await journal.endBackOff()
      const watch = await journal.watch()
      expect([lists(), watches()]).toEqual([3, 3])
      // An event, and it is at once again.
      watch.bookmark(server.state.revision)
      await until('it is told', () => journal.reflector.lastError === undefined)
      refusals = 1
      watch.end()
      await until('it watches again', () => watches() === 5)
      expect([lists(), journal.failures.length]).toEqual([4, 1])
    },
  )

  test('410 without an end: the waits grow, however many lists succeed', async () => {
    server.script = ({ query }, response) => query.has('watch') && sendStatus(response, 410, 'Gone')
    await using journal = new ReflectorJournal(server)
    const waits: number[] = []
    for (let failure = 1; failure <= 4; failure += 1) {
      waits.push(await journal.backOffMs(failure))
      await journal.endBackOff()
    }
    expect(waits).toEqual([800, 1_600, 3_200, 6_400])
  })

  test.each([
    [
      { type: 'ERROR', object: { kind: 'Status', code: 500, reason: 'InternalError', message: 'etcd' } },
      /500 InternalError: etcd/,
    ],
    [{ type: 'ERROR' }, /500/],
    [{ type: 'NEWS', object: {} }, /no event/],
    [{ type: 'ADDED', object: { metadata: { name: 'a' } } }, /no resourceVersion/],
    [null, /no event/],
  ])('the line %o is a failure, and the watch goes on where it was', async (line, message) => {
    await using journal = new ReflectorJournal(server)
    const watch = await journal.watch()
    watch.bookmark(140)
    watch.write(`${JSON.stringify(line)}\n`)
    expect(await journal.backOffMs(1)).toBe(800)
    expect((journal.failures[0]!.error as Error).message).toMatch(message)
    await journal.endBackOff()
    expect((await journal.watch()).query.get('resourceVersion')).toBe('140')
    expect(lists()).toBe(1)
  })

  test.each([
    ['no JSON', Buffer.from('{"type":\n'), /not JSON/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22, 0x0a]), /not UTF-8/],
    ['more than allowed', Buffer.alloc(1_001, 'x'), /larger than 1000 bytes.*maxEventBytes/],
  ])('a watch that sends %s is given up', async (_name, bytes, message) => {
    await using journal = new ReflectorJournal(server, { maxEventBytes: 1_000 })
    const watch = await journal.watch()
    watch.write(bytes)
    await journal.backOffMs(1)
    expect((journal.failures[0]!.error as Error).message).toMatch(message)
    await watch.closed
  })

  test('a watch that ends within an event has not told it', async () => {
    await using journal = new ReflectorJournal(server)
    const watch = await journal.watch()
    watch.write('{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"120"}}}')
    watch.end()
    await journal.backOffMs(1)
    expect((journal.failures[0]!.error as Error).message).toMatch(/ended within an event/)
    expect(journal.told).toEqual([])
  })

  test('one that says nothing for too long is cut, and nothing of that time is missed', async () => {
    await using journal = new ReflectorJournal(server, { idleAbortMs: 150_000 })
    const watch = await journal.watch()
    await journal.clock.advance(100_000)
    watch.bookmark(server.state.revision)
    await until('it is read', () => !journal.reflector.isSilent(0))
    watch.isStalled = true
    put('missed')
    await journal.clock.advance(149_999)
    expect([watch.isOpen, journal.reflector.isSilent(149_998), journal.reflector.isSilent(149_999)]).toEqual([
      true,
      true,
      false,
    ])
    await journal.clock.advance(1)
    await watch.closed
    await journal.backOffMs(1)
    expect(journal.failures[0]!.error).toMatchObject({ failure: 'timeout' })
    await journal.endBackOff()
    await until('it is told', () => journal.words.includes('added missed'))
    expect(lists()).toBe(1)
  })

  test('bytes that are no whole event are a sign of life', async () => {
    await using journal = new ReflectorJournal(server, { idleAbortMs: 1_000 })
    const watch = await journal.watch()
    for (let round = 0; round < 5; round += 1) {
      await journal.clock.advance(999)
      const before = journal.reflector.lastActivityAt
      watch.write(' ')
      await until('it is read', () => journal.reflector.lastActivityAt > before)
    }
    expect([watch.isOpen, journal.failures]).toEqual([true, []])
  })
})

describe('refusals', () => {
  test.each([401, 403, 429, 500, 503])(
    '%d of list and watch is tried again until it is over, and told',
    async (status) => {
      let refuses = true
      server.script = (_request, response) => refuses && sendStatus(response, status, 'Scripted')
      await using journal = new ReflectorJournal(server)
      await journal.backOffMs(1)
      expect(journal.reflector.state).toBe('failing')
      expect(KubernetesApiError.isInstance(journal.reflector.lastError)).toBe(true)
      expect(journal.failures[0]).toMatchObject({ phase: 'list', failures: 1, error: { status } })
      refuses = false
      await journal.endBackOff()
      const watch = await journal.watch()
      refuses = true
      put('missed')
      watch.cut()
      await journal.backOffMs(2)
      await journal.endBackOff()
      await journal.backOffMs(3)
      expect(journal.failures[2]).toMatchObject({ phase: 'watch', error: { status } })
      put('missed too')
      refuses = false
      await journal.endBackOff()
      await until('it is told', () => journal.names.length === 2)
      // It has gone on where it was.
      expect(server.requests.filter(({ query }) => query.has('limit')).length).toBe(status === 401 ? 3 : 2)
      expect(journal.reflector.state).toBe('watching')
    },
  )

  test('Retry-After is kept to, as far as it is longer, and not for ever', async () => {
    const seconds = ['20', '0', '100000']
    server.script = (_request, response) =>
      sendStatus(response, 429, 'TooManyRequests', { 'retry-after': seconds.shift()! })
    await using journal = new ReflectorJournal(server)
    const waits: number[] = []
    for (let failure = 1; failure <= 3; failure += 1) {
      waits.push(await journal.backOffMs(failure))
      if (failure < 3) await journal.endBackOff()
    }
    expect(waits).toEqual([20_000, 1_600, 300_000])
  })

  test('a resource that is not there (404) is waited for, and objects stay known meanwhile', async () => {
    put('a')
    await using journal = new ReflectorJournal(server)
    const watch = await journal.watch()
    server.script = (_request, response) => sendStatus(response, 404, 'NotFound')
    journal.clock.jump(1_000)
    watch.end()
    await journal.backOffMs(1)
    await journal.endBackOff()
    await journal.backOffMs(2)
    expect(journal.failures.map(({ phase }) => phase)).toEqual(['watch', 'list'])
    expect(journal.words).toEqual(['added a'])
    remove('a')
    put('a')
    server.script = () => false
    await journal.endBackOff()
    await journal.watch()
    expect(journal.words).toEqual(['added a', 'deleted a', 'added a'])
  })
})

describe('a server that goes back', () => {
  test('a list that is older than what was known is not believed, until it stays so', async () => {
    for (let count = 0; count < 20; count += 1) put('a', { data: { count } })
    await using journal = new ReflectorJournal(server)
    const watch = await journal.watch()
    const newest = journal.reflector.store.get('demo/a')
    server.state.goBackTo(99)
    put('a', { data: { restored: 'yes' } })
    watch.bookmark(100)
    for (let failure = 1; failure <= 5; failure += 1) {
      await journal.backOffMs(failure)
      expect(journal.reflector.store.get('demo/a')).toEqual(newest)
      await journal.endBackOff()
    }
    await journal.watch()
    expect(journal.failures.map(({ phase }) => phase)).toEqual(['watch', 'list', 'list', 'list', 'list'])
    expect(journal.reflector.store.get('demo/a')).toMatchObject({ data: { restored: 'yes' } })
    put('b')
    await until('it goes on from there', () => journal.names.includes('b'))
  })
})

describe('the end', () => {
  test.each(['list', 'watch', 'wait'] as const)(
    'disposed in a %s: it ends, and nothing is told afterwards',
    async (during) => {
      if (during === 'list') server.script = () => true
      if (during === 'wait') server.script = (_request, response) => sendStatus(response, 500, 'Scripted')
      await using journal = new ReflectorJournal(server)
      const { reflector } = journal
      if (during === 'list') await until('it lists', () => lists() === 1)
      if (during === 'wait') await journal.backOffMs(1)
      if (during === 'watch') await journal.watch()
      await reflector[Symbol.asyncDispose]()
      put('late')
      await settle()
      expect([reflector.state, journal.told, journal.clock.pendingMs]).toEqual(['stopped', [], []])
      if (during === 'watch') await reflector.synced
      else await expect(reflector.synced).rejects.toMatchObject({ failure: 'closed' })
      const asked = server.requests.length
      await journal.clock.advance(100_000)
      expect(server.requests).toHaveLength(asked)
      await until('no watch is open', () => server.openWatches.length === 0)
    },
  )

  test('start counts once, and never after the end', async () => {
    await using journal = new ReflectorJournal(server)
    journal.reflector.start()
    await journal.watch()
    expect(lists()).toBe(1)
    await journal.reflector[Symbol.asyncDispose]()
    journal.reflector.start()
    await settle()
    expect([lists(), journal.reflector.state]).toEqual([1, 'stopped'])
  })
})

test.each([
  [{ pageSize: 0 }, /"pageSize" must be a whole number from 1/],
  [{ pageSize: 10_001 }, /"pageSize" must be 10000 at most/],
  [{ idleAbortMs: Number.NaN }, /"idleAbortMs"/],
  [
    { backOff: { initialMs: 10, maxMs: 5, factor: 2, jitter: 0 } },
    /"backOff.maxMs" must be 10 \(initialMs\) or more/,
  ],
  [{ backOff: { initialMs: 10, maxMs: 50, factor: 0.5, jitter: 0 } }, /"backOff.factor"/],
  [{ backOff: { initialMs: 10, maxMs: 50, factor: 2, jitter: 2 } }, /"backOff.jitter"/],
])('the options %o are refused', (options, message) => {
  expect(() => new Reflector({ cluster: undefined!, resource: undefined!, ...options })).toThrow(message)
})
