import { getEventListeners } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type ApiObject,
  Cluster,
  configMaps,
  type FinishedRequest,
  KubernetesApiError,
  KubernetesConnectionError,
  KubernetesProtocolError,
  nodes,
} from '../../src/index.ts'
import { FakeApiServer, sendJson, sendStatus } from '../support/fake-api-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

let server: FakeApiServer
const sent = (): unknown[] => server.requests.map(({ headers }) => headers.authorization)
beforeEach(async () => {
  server = await FakeApiServer.start()
})
afterEach(() => server[Symbol.asyncDispose]())

const name = { namespace: 'demo', name: 'one' }
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: name, data: { a: '1' } }

describe('requests', () => {
  test('an object is created, read, listed, patched, replaced and deleted', async () => {
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    const created = await cluster.create<ApiObject>(configMaps, object)
    expect(created.metadata?.uid).toBeDefined()
    expect(await cluster.get(configMaps, name)).toEqual(created)
    const { items, metadata } = await cluster.list(configMaps, { namespace: 'demo' })
    expect([items, metadata.resourceVersion]).toEqual([[created], created.metadata!.resourceVersion])
    const patched = await cluster.mergePatch(configMaps, name, { data: { a: null, b: '2' } })
    expect(patched).toMatchObject({ data: { b: '2' } })
    expect(patched).not.toHaveProperty('data.a')
    await expect(cluster.replace(configMaps, created)).rejects.toMatchObject({
      status: 409,
      isConflict: true,
    })
    await cluster.delete(configMaps, name, { preconditions: { uid: created.metadata!.uid! } })
    await expect(cluster.get(configMaps, name)).rejects.toMatchObject({
      status: 404,
      isNotFound: true,
      reason: 'NotFound',
    })
  })

  test('requests share connections', async () => {
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    for (let count = 0; count < 30; count += 1) await cluster.list(configMaps)
    // Where one is not quite free yet when the next request comes, there is another.
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  test('a patch is a merge patch, of the status where asked', async () => {
    server.state.put('/api/v1/nodes', { metadata: { name: 'n' } })
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    await cluster.mergePatch(nodes, { name: 'n' }, { status: {} }, { subresource: 'status' })
    const [request] = server.requests
    expect([request!.method, request!.path]).toEqual(['PATCH', '/api/v1/nodes/n/status'])
    expect(request!.headers['content-type']).toBe('application/merge-patch+json')
  })

  test('queries leave out what is not given, and the path of the server stays before', async () => {
    server.script = (_request, response) => sendJson(response, 200, {}) === undefined
    const kubeConfig = server.kubeConfig({}, { server: `${server.origin}/clusters/a/` })
    await using cluster = Cluster.fromKubeConfig(kubeConfig, { userAgent: 'tester/1' })
    await cluster.request({
      method: 'GET',
      path: '/api/v1/pods',
      query: { a: 1, b: undefined, c: 'x&y', d: false },
    })
    const [{ path, query, headers }] = server.requests as [(typeof server.requests)[0]]
    expect(path).toBe('/clusters/a/api/v1/pods')
    expect([...query]).toEqual([
      ['a', '1'],
      ['c', 'x&y'],
      ['d', 'false'],
    ])
    expect(headers['user-agent']).toBe('tester/1')
  })

  test('each request is counted, by verb and code, and who counts may throw', async () => {
    const seen: FinishedRequest[] = []
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig(), {
      timeoutMs: 200,
      onRequest(request) {
        seen.push(request)
        throw new Error('counting failed')
      },
    })
    await cluster.list(configMaps)
    await cluster.create(configMaps, object)
    await cluster.get(configMaps, { namespace: 'demo', name: 'none' }).catch(() => undefined)
    server.script = () => true
    await cluster.get(configMaps, name).catch(() => undefined)
    expect(seen.map(({ verb, method, code }) => [verb, method, code])).toEqual([
      ['list', 'GET', 200],
      ['create', 'POST', 201],
      ['get', 'GET', 404],
      ['get', 'GET', 'error'],
    ])
  })
})

describe('failures', () => {
  test.each([
    ['seconds', { 'retry-after': '7' }, 7],
    ['a date', { 'retry-after': new Date(Date.UTC(2026, 0, 1) + 1_000_000 + 30_000).toUTCString() }, 30],
    ['nothing', {}, undefined],
  ] as const)(
    'a refusal has its reason, and when to try again, told by %s',
    async (_name, headers, seconds) => {
      server.script = (_request, response) => sendStatus(response, 429, 'TooManyRequests', headers)
      const clock = new ManualClock()
      await using cluster = Cluster.fromKubeConfig(server.kubeConfig(), { clock })
      const error = await cluster.get(configMaps, name).catch((failure: unknown) => failure)
      expect(KubernetesApiError.isInstance(error)).toBe(true)
      expect(error).toMatchObject({
        code: 'WARMSLOT_KUBERNETES_API',
        status: 429,
        reason: 'TooManyRequests',
        retryAfterSeconds: seconds,
        isTransient: true,
        message:
          'GET /api/v1/namespaces/demo/configmaps/one was refused with 429 TooManyRequests: scripted: TooManyRequests',
      })
    },
  )

  test('a refusal that is no Status shows what was said, not all of it', async () => {
    server.script = (_request, response) => {
      response
        .writeHead(502, { 'content-type': 'text/html' })
        .end(`<h1>Bad gateway</h1>${'x'.repeat(1_000_000)}`)
      return true
    }
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    const error = await cluster.get(configMaps, name).catch((failure: unknown) => failure as Error)
    expect(error).toMatchObject({ status: 502, reason: '', isTransient: true })
    expect((error as Error).message).toContain('<h1>Bad gateway</h1>')
    expect((error as Error).message.length).toBeLessThan(500)
  })

  test('an answer that is larger than allowed is not read on', async () => {
    server.script = (_request, response) => {
      const writing = setInterval(() => response.write('x'.repeat(1_000)), 1)
      response.writeHead(200).once('close', () => clearInterval(writing))
      return true
    }
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig(), { maxAnswerBytes: 10_000 })
    await expect(cluster.get(configMaps, name)).rejects.toThrow(/larger than 10000 bytes.*maxAnswerBytes/)
    await until('the connection is closed', () => server.openConnections === 0)
  })

  test('an answer that is not JSON', async () => {
    server.script = (_request, response) => {
      response.writeHead(200).end('<html>')
      return true
    }
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    await expect(cluster.get(configMaps, name)).rejects.toSatisfy(KubernetesProtocolError.isInstance)
  })

  test('no answer in time, before the headers or after them, and the connection is given up', async () => {
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig(), { timeoutMs: 100 })
    server.script = () => true
    await expect(cluster.get(configMaps, name)).rejects.toMatchObject({ failure: 'timeout' })
    server.script = (_request, response) => response.writeHead(200).write('{"a":')
    await expect(cluster.get(configMaps, name)).rejects.toMatchObject({ failure: 'timeout' })
    await until('the connections are closed', () => server.openConnections === 0)
  })

  test('a connection that breaks, and one that cannot be made', async () => {
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    server.script = (_request, response) => {
      response.destroy()
      return true
    }
    await expect(cluster.get(configMaps, name)).rejects.toMatchObject({
      code: 'WARMSLOT_KUBERNETES_CONNECTION',
      failure: 'network',
    })
    await server[Symbol.asyncDispose]()
    const error = await cluster.get(configMaps, name).catch((failure: unknown) => failure)
    expect(KubernetesConnectionError.isInstance(error)).toBe(true)
    server = await FakeApiServer.start()
  })

  test('the caller ends a request, with the caller’s reason', async () => {
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    server.script = () => true
    const stop = new AbortController()
    const asked = cluster.get(configMaps, name, { signal: stop.signal })
    await until('it is asked', () => server.requests.length === 1)
    const reason = new Error('enough')
    stop.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await expect(cluster.get(configMaps, name, { signal: stop.signal })).rejects.toBe(reason)
    expect(server.requests).toHaveLength(1)
  })

  test('a signal that outlives requests and watches is left with nothing of them', async () => {
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    const { signal } = new AbortController()
    await cluster.list(configMaps, { signal })
    await cluster.get(configMaps, name, { signal }).catch(() => undefined)
    server.script = (_request, response) => sendStatus(response, 403, 'Forbidden')
    await cluster.stream({ path: '/api/v1/pods', query: { watch: true }, signal }).catch(() => undefined)
    server.script = () => false
    const watch = await cluster.stream({ path: '/api/v1/pods', query: { watch: true }, signal })
    expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(0)
    watch.destroy()
    await until('all is gone', () => getEventListeners(signal, 'abort').length === 0)
    expect(server.requests).toHaveLength(4)
  })

  test('disposing ends requests and watches, and refuses more', async () => {
    const cluster = Cluster.fromKubeConfig(server.kubeConfig())
    const stream = await cluster.stream({
      path: '/api/v1/pods',
      query: { watch: true },
      signal: new AbortController().signal,
    })
    const reading = stream.toArray()
    reading.catch(() => undefined)
    server.script = () => true
    const asked = cluster.get(configMaps, name)
    asked.catch(() => undefined)
    await until('it is asked', () => server.requests.length === 2)
    await cluster[Symbol.asyncDispose]()
    await expect(asked).rejects.toMatchObject({ failure: 'closed' })
    await expect(reading).rejects.toThrow()
    await expect(cluster.get(configMaps, name)).rejects.toMatchObject({ failure: 'closed' })
    await until('the connections are closed', () => server.openConnections === 0)
  })

  test.each([
    ['no cluster', {} as Record<string, unknown>, {}, /kubeConfig/],
    ['no time', { server: 'http://a' }, { timeoutMs: 0 }, /"timeoutMs" must be a whole number from 1, not 0/],
  ])('%s is refused at once', (_name, cluster, options, message) => {
    const kubeConfig = server.kubeConfig({}, { server: undefined, ...cluster })
    expect(() => Cluster.fromKubeConfig(kubeConfig, options)).toThrow(message)
  })

  test.each([
    [{ namespace: 'demo', name: '' }, /"name"/],
    [{ namespace: 'demo', name: '..' }, /"name"/],
    [{ namespace: 'demo', name: 'a/status' }, /"name"/],
    [{ namespace: '../x', name: 'a' }, /"namespace"/],
    [{ name: 'a' }, /"namespace" must be given/],
  ])('the name %o leads nowhere', async (wrong, message) => {
    await using cluster = Cluster.fromKubeConfig(server.kubeConfig())
    await expect(async () => cluster.get(configMaps, wrong)).rejects.toThrow(message)
    expect(server.requests).toEqual([])
  })
})

describe('credentials', () => {
  let folder: string
  let tokenFile: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warmslot-token-'))
    tokenFile = join(folder, 'token')
  })
  afterEach(() => rm(folder, { recursive: true }))

  function withTokenFile(): KubeConfig {
    return server.kubeConfig({ authProvider: { name: 'tokenFile', config: { tokenFile } } })
  }

  test('a token file that is rotated counts after 10 seconds, and is not read for each request', async () => {
    const clock = new ManualClock()
    await using cluster = Cluster.fromKubeConfig(withTokenFile(), { clock })
    await writeFile(tokenFile, 'first\n')
    await cluster.list(configMaps)
    await writeFile(tokenFile, 'second\n')
    clock.jump(9_999)
    await cluster.list(configMaps)
    clock.jump(1)
    await cluster.list(configMaps)
    expect(sent()).toEqual(['Bearer first', 'Bearer first', 'Bearer second'])
  })

  test('a 401 has the token read at once, and is tried once more, not twice', async () => {
    await using cluster = Cluster.fromKubeConfig(withTokenFile())
    server.script = ({ headers }, response) =>
      headers.authorization === 'Bearer good' ? false : sendStatus(response, 401, 'Unauthorized')
    await writeFile(tokenFile, 'old')
    await expect(cluster.list(configMaps)).rejects.toMatchObject({ status: 401 })
    expect(sent()).toEqual(['Bearer old', 'Bearer old'])
    await writeFile(tokenFile, 'good')
    expect(await cluster.list(configMaps)).toMatchObject({ items: [] })
    expect(sent()).toEqual(['Bearer old', 'Bearer old', 'Bearer old', 'Bearer good'])
  })

  test('a token file that cannot be read fails its requests only until it can', async () => {
    await using cluster = Cluster.fromKubeConfig(withTokenFile())
    await expect(cluster.list(configMaps)).rejects.toMatchObject({ failure: 'authentication' })
    await writeFile(tokenFile, 'token')
    expect(await cluster.list(configMaps)).toMatchObject({ items: [] })
  })

  test('a name and a password, and a token', async () => {
    await using basic = Cluster.fromKubeConfig(server.kubeConfig({ username: 'me', password: 'secret' }))
    await basic.list(configMaps)
    await using token = Cluster.fromKubeConfig(server.kubeConfig({ token: 'abc' }))
    await token.list(configMaps)
    expect(sent()).toEqual([`Basic ${btoa('me:secret')}`, 'Bearer abc'])
  })

  test('requests that begin together share one reading', async () => {
    const kubeConfig = withTokenFile()
    await writeFile(tokenFile, 'token')
    let readings = 0
    const apply = kubeConfig.applyToHTTPSOptions.bind(kubeConfig)
    kubeConfig.applyToHTTPSOptions = (options) => {
      readings += 1
      return apply(options)
    }
    await using cluster = Cluster.fromKubeConfig(kubeConfig)
    await Promise.all(Array.from({ length: 20 }, () => cluster.list(configMaps)))
    expect(readings).toBe(1)
  })

  test('credentials that do not come count against the time', async () => {
    const kubeConfig = withTokenFile()
    kubeConfig.applyToHTTPSOptions = () => new Promise<void>(() => undefined)
    await using cluster = Cluster.fromKubeConfig(kubeConfig, { timeoutMs: 50 })
    await expect(cluster.list(configMaps)).rejects.toMatchObject({ failure: 'timeout' })
  })
})
