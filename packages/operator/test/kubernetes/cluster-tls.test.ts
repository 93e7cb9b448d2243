import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PeerCertificate } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Cluster, configMaps } from '../../src/index.ts'
import { checkServerIdentity } from '../../src/server-identity.ts'
import { Authority } from '../support/certificates.ts'
import { FakeApiServer } from '../support/fake-api-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

let authority: Authority
beforeAll(() => {
  authority = new Authority()
})
afterAll(() => authority[Symbol.dispose]())

let server: FakeApiServer
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warmslot-client-'))
  server = await FakeApiServer.start({
    ...authority.issue('127.0.0.1'),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  })
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function writeClient(name: string): Promise<{ certFile: string; keyFile: string }> {
  const { cert, key } = authority.issue(name)
  const files = { certFile: join(folder, 'client.crt'), keyFile: join(folder, 'client.key') }
  await writeFile(files.certFile, cert)
  await writeFile(files.keyFile, key)
  return files
}

const caData = (): string => Buffer.from(authority.cert).toString('base64')

test('a client certificate that is rotated is taken up: new requests by it, a running watch by the old one', async () => {
  const clock = new ManualClock()
  const user = await writeClient('first')
  await using cluster = Cluster.fromKubeConfig(server.kubeConfig(user, { caData: caData() }), { clock })
  const stop = new AbortController()
  const watch = await cluster.stream({
    path: '/api/v1/configmaps',
    query: { watch: true, resourceVersion: 100 },
    signal: stop.signal,
  })
  await cluster.list(configMaps)
  await cluster.list(configMaps)
  const before = server.connections
  await writeClient('second')
  clock.jump(10_000)
  await cluster.list(configMaps)
  expect(server.requests.map(({ clientName }) => clientName)).toEqual(['first', 'first', 'first', 'second'])
  expect(server.connections).toBeGreaterThan(before)
  server.watches[0]!.send('ADDED', { metadata: { name: 'a' } })
  const iterator = watch[Symbol.asyncIterator]()
  expect(String((await iterator.next()).value)).toContain('ADDED')
  stop.abort()
  await expect(iterator.next()).rejects.toThrow()
  await until('only the newest connection is left', () => server.openConnections === 1)
})

test('a server that the authority has not certified gets nothing', async () => {
  using other = new Authority()
  const user = await writeClient('first')
  await using cluster = Cluster.fromKubeConfig(
    server.kubeConfig(user, { caData: Buffer.from(other.cert).toString('base64') }),
  )
  await expect(cluster.list(configMaps)).rejects.toMatchObject({ failure: 'network' })
  expect(server.requests).toEqual([])
})

test('a server at an IPv6 address is known by its certificate; one at an address that is not in it gets nothing', async () => {
  const user = await writeClient('first')
  for (const address of ['::1', '127.0.0.2']) {
    await using other = await FakeApiServer.start(authority.issue('127.0.0.1'), address)
    await using cluster = Cluster.fromKubeConfig(other.kubeConfig(user, { caData: caData() }))
    if (address === '::1') await cluster.list(configMaps)
    else await expect(cluster.list(configMaps)).rejects.toMatchObject({ failure: 'network' })
    expect(other.requests).toHaveLength(address === '::1' ? 1 : 0)
  }
})

test.each(['::', '::2', '::2%lo', '::ffff:127.0.0.1', 'fd00::1', '127.0.0.2', 'localhost'])(
  'a certificate for 127.0.0.1 and ::1 is not one for %s',
  (name) => {
    const certificate = new X509Certificate(authority.issue('127.0.0.1').cert).toLegacyObject()
    expect(checkServerIdentity(name, certificate as unknown as PeerCertificate)).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  },
)

test('a proxy of the kubeconfig is used, and does not see what is said', async () => {
  const asked: string[] = []
  const proxy = createServer()
  proxy.on('connect', ({ url = '' }, socket) => {
    asked.push(url)
    const [host, port] = url.split(':') as [string, string]
    const onward = connect(Number(port), host, () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'))
    onward
      .on('error', () => undefined)
      .pipe(socket.on('error', () => undefined))
      .pipe(onward)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const user = await writeClient('first')
  const cluster = Cluster.fromKubeConfig(server.kubeConfig(user, { caData: caData(), proxyUrl }))
  await cluster.list(configMaps)
  await cluster[Symbol.asyncDispose]()
  expect([asked, server.requests[0]!.clientName]).toEqual([[server.origin.slice('https://'.length)], 'first'])
  proxy.closeAllConnections()
  await new Promise((resolve) => proxy.close(resolve))
})
