/** Where a Module's bytes come from: limits, digests, and one download for many. ConfigMaps are tried on a real API server. */
import { createHash } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ApiClient } from '../src/kubernetes/cluster/api-client.ts'
import type { Module, ModuleSource } from '../src/resource/module.ts'
import { ModuleSources } from '../src/sources/module-source.ts'
import { readOciReference } from '../src/sources/oci-reference.ts'
import { module } from './support/host-records.ts'

const bytes = Buffer.from('some bytes')
const digestOf = (content: Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function read(source: ModuleSource, digest = digestOf(bytes), options = {}): Promise<Uint8Array> {
  await using sources = new ModuleSources({ cluster: undefined as never, timeoutMs: 2_000, ...options })
  return await sources.read(module({ spec: { source, digest } }))
}

describe('bytes by HTTP', () => {
  it('are those of the digest', async () => {
    const address = await serve((_, response) => response.end(bytes))
    const http = { url: `http://${address}/m.wasm` }
    expect(Buffer.from(await read({ http }))).toEqual(bytes)
    await expect(read({ http }, digestOf(Buffer.from('x')))).rejects.toMatchObject({
      reason: 'DigestMismatch',
    })
  })

  it('are found where a redirect says, five times at most', async () => {
    const address = await serve(({ url = '' }, response) => {
      const left = Number(url.slice(1))
      if (left === 0) response.end(bytes)
      else response.writeHead(302, { location: `/${left - 1}` }).end()
    })
    expect(Buffer.from(await read({ http: { url: `http://${address}/5` } }))).toEqual(bytes)
    await expect(read({ http: { url: `http://${address}/6` } })).rejects.toMatchObject({
      reason: 'SourceUnavailable',
    })
  })

  it.each<[string, RequestListener, string]>([
    ['an answer that is none', (_, response) => response.writeHead(404).end('no'), 'SourceUnavailable'],
    ['a connection that is cut', (_, response) => response.destroy(), 'SourceUnavailable'],
    ['an answer that never comes', () => undefined, 'SourceUnavailable'],
    [
      'an answer that never ends',
      (_, response) => {
        response.write('x')
      },
      'SourceUnavailable',
    ],
    ['too much', (_, response) => response.end(Buffer.alloc(101)), 'SourceTooLarge'],
  ])('fail with %s', async (_, answer, reason) => {
    const address = await serve(answer)
    const reading = read({ http: { url: `http://${address}/` } }, digestOf(bytes), {
      moduleBytes: 100,
      timeoutMs: 500,
    })
    await expect(reading).rejects.toMatchObject({ code: 'WARMSLOT_SOURCE', reason })
  })

  it('are fetched once for many, kept for those who come later, and again after a failure', async () => {
    let requests = 0
    const address = await serve((_, response) => {
      requests += 1
      response.writeHead(requests === 1 ? 500 : 200).end(bytes)
    })
    const one = module({ spec: { source: { http: { url: `http://${address}/` } }, digest: digestOf(bytes) } })
    await using sources = new ModuleSources({ cluster: undefined as never })
    const first = await Promise.allSettled([sources.read(one), sources.read(one)])
    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(requests).toBe(1)
    await Promise.all([sources.read(one), sources.read(one)])
    await sources.read(one)
    expect(requests).toBe(2)
    // Another namespace may not have it by its digest alone.
    await sources.read({ ...one, metadata: { ...one.metadata, namespace: 'other' } })
    expect(requests).toBe(3)
  })

  it('are kept up to a size: the ones that were used longest ago go', async () => {
    const asked: string[] = []
    const address = await serve(({ url = '' }, response) => {
      asked.push(url)
      response.end(Buffer.alloc(40, url))
    })
    await using sources = new ModuleSources({ cluster: undefined as never, keptBytes: 100 })
    const ask = async (path: string): Promise<void> => {
      const source = { http: { url: `http://${address}${path}` } }
      await sources.read(module({ spec: { source, digest: digestOf(Buffer.alloc(40, path)) } }))
    }
    for (const path of ['/a', '/b', '/a', '/c', '/a', '/b']) await ask(path)
    expect(asked).toEqual(['/a', '/b', '/c', '/b'])
  })
})

/** Answers `/now` at once, and others when the test says. */
async function slowServer(): Promise<{
  address: string
  asked: string[]
  answers: Map<string, () => void>
  left: string[]
}> {
  const asked: string[] = []
  const left: string[] = []
  const answers = new Map<string, () => void>()
  const address = await serve(({ url = '' }, response) => {
    asked.push(url)
    response.on('close', () => response.writableFinished || left.push(url))
    if (url === '/now') response.end(bytes)
    else answers.set(url, () => response.end(bytes))
  })
  return { address, asked, answers, left }
}

function at(address: string, path: string): Module {
  return module({ spec: { source: { http: { url: `http://${address}${path}` } }, digest: digestOf(bytes) } })
}

describe('who does not want to wait any more', () => {
  const tired = new Error('tired')

  it('is let go at once; the others who wait for the same get it, by the one request that there was', async () => {
    const { address, asked, answers, left } = await slowServer()
    await using sources = new ModuleSources({ cluster: undefined as never })
    const leaving = new AbortController()
    // The first one, who has it fetched.
    const first = sources.read(at(address, '/a'), leaving.signal)
    const second = sources.read(at(address, '/a'), new AbortController().signal)
    await vi.waitFor(() => expect(answers.size).toBe(1))
    leaving.abort(tired)
    await expect(first).rejects.toBe(tired)
    answers.get('/a')!()
    expect(Buffer.from(await second)).toEqual(bytes)
    expect([asked, left]).toEqual([['/a'], []])
  })

  it('and was the only one, ends the request; it is made anew for who comes next', async () => {
    const { address, asked, answers, left } = await slowServer()
    await using sources = new ModuleSources({ cluster: undefined as never })
    const leaving = new AbortController()
    const first = sources.read(at(address, '/a'), leaving.signal)
    await vi.waitFor(() => expect(answers.size).toBe(1))
    answers.clear()
    leaving.abort(tired)
    await expect(first).rejects.toBe(tired)
    const next = sources.read(at(address, '/a'))
    await vi.waitFor(() => expect(left).toEqual(['/a']))
    await vi.waitFor(() => expect(answers.size).toBe(1))
    answers.get('/a')!()
    expect(Buffer.from(await next)).toEqual(bytes)
    expect(asked).toEqual(['/a', '/a'])
    await expect(sources.read(at(address, '/b'), leaving.signal)).rejects.toBe(tired)
    expect(asked).toHaveLength(2)
  })

  it('for their turn behind servers that do not answer is let go as well, and the turns go on', async () => {
    const { address, asked, answers } = await slowServer()
    const found = { binaryData: { 'm.wasm': bytes.toString('base64') } }
    const cluster = { request: async () => found } as unknown as ApiClient
    await using sources = new ModuleSources({ cluster })
    const leaving = [new AbortController(), new AbortController(), new AbortController()] as const
    const [a, b, c] = ['/a', '/b', '/c'].map((path, index) =>
      sources.read(at(address, path), leaving[index]!.signal),
    )
    const now = sources.read(at(address, '/now'))
    await vi.waitFor(() => expect(answers.size).toBe(2))
    // What comes from the API server waits for nobody.
    const configMap = { name: 'm', key: 'm.wasm' }
    const small = module({ spec: { source: { configMap }, digest: digestOf(bytes) } })
    expect(Buffer.from(await sources.read(small))).toEqual(bytes)
    leaving[2].abort(tired)
    await expect(c).rejects.toBe(tired)
    expect(asked.toSorted()).toEqual(['/a', '/b'])
    leaving[1].abort(tired)
    await expect(b).rejects.toBe(tired)
    expect(Buffer.from(await now)).toEqual(bytes)
    answers.get('/a')!()
    expect(Buffer.from(await a!)).toEqual(bytes)
    expect(asked.toSorted()).toEqual(['/a', '/b', '/now'])
  })
})

describe('bytes of an OCI artifact', () => {
  const layer = (digest: string, mediaType = 'application/wasm'): object => ({
    mediaType,
    digest,
    size: bytes.length,
  })

  async function registry(layers: object[], token?: string): Promise<{ address: string; asked: string[] }> {
    const asked: string[] = []
    const address = await serve(({ url = '', headers }, response) => {
      asked.push(url)
      if (url.startsWith('/token')) return response.end(JSON.stringify({ token }))
      if (token !== undefined && headers.authorization !== `Bearer ${token}`) {
        const challenge = `Bearer realm="http://${address}/token",service="s",scope="repository:a/b:pull"`
        return response.writeHead(401, { 'www-authenticate': challenge }).end()
      }
      if (url === '/v2/a/b/manifests/1.0') return response.end(JSON.stringify({ layers }))
      if (url === `/v2/a/b/blobs/${digestOf(bytes)}`) return response.end(bytes)
      return response.writeHead(404).end()
    })
    return { address, asked }
  }

  it('are its layer of WebAssembly with the digest', async () => {
    const { address } = await registry([layer('sha256:other', 'text/plain'), layer(digestOf(bytes))])
    expect(Buffer.from(await read({ oci: { reference: `${address}/a/b:1.0` } }))).toEqual(bytes)
  })

  it('are had with a token that is given to everybody', async () => {
    const { address, asked } = await registry([layer(digestOf(bytes))], 'secret')
    expect(Buffer.from(await read({ oci: { reference: `${address}/a/b:1.0` } }))).toEqual(bytes)
    expect(asked.filter((path) => path.startsWith('/token'))).toEqual([
      '/token?service=s&scope=repository%3Aa%2Fb%3Apull',
    ])
  })

  it.each<[string, object[], string, string]>([
    ['no such layer', [layer(`sha256:${'1'.repeat(64)}`)], '1.0', 'DigestMismatch'],
    ['no layer of WebAssembly', [layer(digestOf(bytes), 'text/plain')], '1.0', 'InvalidSource'],
    ['no such tag', [], '2.0', 'SourceUnavailable'],
  ])('fail with %s', async (_, layers, tag, reason) => {
    const { address } = await registry(layers)
    await expect(read({ oci: { reference: `${address}/a/b:${tag}` } })).rejects.toMatchObject({ reason })
  })

  it('fail where a password is wanted', async () => {
    const address = await serve((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
    )
    await expect(read({ oci: { reference: `${address}/a/b:1` } })).rejects.toThrow(/wants a password/)
  })
})

it.each<[string, object | undefined]>([
  ['ghcr.io/a/b:1.0', { registry: 'ghcr.io', repository: 'a/b', reference: '1.0' }],
  ['localhost:5000/a:x', { registry: 'localhost:5000', repository: 'a', reference: 'x' }],
  [
    `r.example/a@sha256:${'0'.repeat(64)}`,
    { registry: 'r.example', repository: 'a', reference: `sha256:${'0'.repeat(64)}` },
  ],
  ['a/b:1.0', undefined],
  ['ghcr.io/a/b', undefined],
  ['ghcr.io/../b:1', undefined],
  ['ghcr.io/A:1', undefined],
  ['http://ghcr.io/a:1', undefined],
  ['', undefined],
])('the reference %j', (text, expected) => {
  if (expected === undefined) expect(() => readOciReference(text)).toThrow(/is no reference/)
  else expect(readOciReference(text)).toEqual(expected)
})
