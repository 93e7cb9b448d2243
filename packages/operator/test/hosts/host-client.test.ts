/** What the client of hosts makes of hosts that hang, cut, flood, or answer nonsense. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { HostAnswerError } from '../../src/errors/host-answer-error.ts'
import { HostUnreachableError } from '../../src/errors/host-unreachable-error.ts'
import { HostClient, type HostClientOptions, type PutModule } from '../../src/hosts/host-client.ts'
import { freePort } from '../support/api-server/free-port.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

/** Node 22 has no AsyncDisposableStack. */
const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

async function hostThat(
  answer: (response: ServerResponse, seen: Seen) => unknown,
  options: HostClientOptions = {},
): Promise<{ readonly client: HostClient; readonly url: string; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async ({ method = '', url = '', headers }, response) => {
    const parts: Buffer[] = []
    for await (const part of response.req) parts.push(part as Buffer)
    const one = { method, url, headers, body: Buffer.concat(parts).toString('utf8') }
    seen.push(one)
    answer(response, one)
  })
  const port = await listen(server)
  const client = new HostClient({ timeoutMs: 300, ...options })
  endings.push(() => client[Symbol.asyncDispose]())
  endings.push(() => server.closeAllConnections())
  endings.push(() => void server.close())
  return { client, url: `http://127.0.0.1:${port}`, seen }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const json =
  (value: unknown, status = 200) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

const module: PutModule = {
  hostUID: 'u-1',
  name: 'ns.hello',
  digest: 'sha256:00',
  owner: 'operator/a',
  settings: { timeLimitMs: '5' },
  bytes: Buffer.from('bytes'),
}

describe('a host that does not answer', () => {
  it.each<[string, (response: ServerResponse) => unknown]>([
    ['at all', () => undefined],
    ['but cuts', (response) => response.destroy()],
    ['to its end', (response) => response.writeHead(200).write('{"instance": "a"')],
    [
      'but cuts in the middle',
      (response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{')
        setTimeout(() => response.destroy(), 10)
      },
    ],
  ])('%s is unreachable', async (_, answer) => {
    const { client, url } = await hostThat(answer)
    const error: unknown = await client.identify(url).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HostUnreachableError)
    expect(error).toMatchObject({
      code: 'WARMSLOT_HOST_UNREACHABLE',
      url,
      message: expect.stringContaining(url),
    })
  })

  it('since nobody listens is unreachable', async () => {
    await using client = new HostClient({ timeoutMs: 300 })
    const url = `http://127.0.0.1:${await freePort()}`
    await expect(client.list(url)).rejects.toThrow(/ECONNREFUSED/)
  })

  it('is waited for as long as it was told to wait, and no longer', async () => {
    const { client, url } = await hostThat((response) =>
      setTimeout(() => json({ complete: false }, 202)(response), 600),
    )
    await expect(client.purge(url, undefined, { ...module }, 1_000)).resolves.toMatchObject({ done: false })
    await expect(client.purge(url, undefined, { ...module }, 0)).rejects.toBeInstanceOf(HostUnreachableError)
  })

  it('leaves an ended load ended: the reason is the caller’s', async () => {
    const ending = new AbortController()
    const reason = new Error('enough')
    const { client, url } = await hostThat(() => ending.abort(reason))
    await expect(client.put(url, 'i', module, ending.signal)).rejects.toBe(reason)
  })
})

describe('a host that answers nonsense', () => {
  it.each<[string, (response: ServerResponse) => unknown]>([
    ['HTML', (response) => response.end('<html></html>')],
    ['nothing', (response) => response.end()],
    ['half of JSON', (response) => response.end('{"instance": ')],
    ['a number', json(1)],
    ['null', json(null)],
    ['no instance', json({ startedAt: '2026-01-01T00:00:00Z' })],
    ['an instance that is a number', json({ instance: 7 })],
    ['an empty instance', json({ instance: '' })],
  ])('as %s, says no: it is an answer', async (_, answer) => {
    const { client, url } = await hostThat(answer)
    await expect(client.identify(url)).rejects.toMatchObject({ code: 'WARMSLOT_HOST_ANSWER', status: 0 })
  })

  it('in times, is taken as not saying them', async () => {
    const { client, url } = await hostThat(
      json({ instance: 'a', startedAt: 'yesterday', now: 5, podUid: '' }),
    )
    expect(await client.identify(url)).toEqual({
      instance: 'a',
      startedAt: undefined,
      now: undefined,
      podUid: undefined,
    })
  })

  it('in its list, is believed as far as it makes sense', async () => {
    const sane = {
      uid: 'u',
      name: 'n',
      digest: 'd',
      state: 'ready',
      owner: 'o',
      slots: { affine: 2, residentBytes: 3.5 },
    }
    const strange = { uid: 'v', name: 1, owner: '', slots: { affine: -1, residentBytes: '9' } }
    const { client, url } = await hostThat(json({ modules: [null, 5, 'u', {}, { uid: 4 }, sane, strange] }))
    expect(await client.list(url)).toEqual([
      { uid: 'u', name: 'n', digest: 'd', state: 'ready', owner: 'o', affineSlots: 2, residentBytes: 3 },
      { uid: 'v', name: '', digest: '', state: '', owner: undefined, affineSlots: 0, residentBytes: 0 },
    ])
  })

  it('instead of a list, says no', async () => {
    const { client, url } = await hostThat(json({ modules: 'none' }))
    await expect(client.list(url)).rejects.toBeInstanceOf(HostAnswerError)
  })

  it('at length, is told in short', async () => {
    const { client, url } = await hostThat((response) => response.writeHead(500).end('x'.repeat(100_000)))
    const error = await client.list(url).catch((reason: Error) => reason)
    expect((error as Error).message.length).toBeLessThan(1_000)
    expect(error).toMatchObject({ status: 500, hostCode: undefined })
  })
})

describe('a request', () => {
  it('to load names the process and everything that the module is', async () => {
    const { client, url, seen } = await hostThat(json({}, 201), { token: async () => 'secret' })
    await client.put(url, 'instance-1', module)
    const [{ method, headers, body, ...rest } = {} as Seen] = seen
    expect({ method, body }).toEqual({ method: 'PUT', body: 'bytes' })
    expect(headers).toMatchObject({ authorization: 'Bearer secret', 'warmslot-instance': 'instance-1' })
    const { pathname, searchParams } = new URL(rest.url, url)
    expect(pathname).toBe('/v1/modules/u-1')
    expect(Object.fromEntries(searchParams)).toEqual({
      name: 'ns.hello',
      digest: 'sha256:00',
      owner: 'operator/a',
      timeLimitMs: '5',
    })
  })

  it('that is refused has the host’s code and detail', async () => {
    const { client, url } = await hostThat(
      json({ code: 'WARMSLOT_UNUSABLE_MODULE', detail: 'no memory' }, 422),
    )
    await expect(client.put(url, 'i', module)).rejects.toMatchObject({
      status: 422,
      hostCode: 'WARMSLOT_UNUSABLE_MODULE',
      message: expect.stringContaining('no memory'),
    })
  })

  it('is not sent where it may not be', async () => {
    const { client, url, seen } = await hostThat(json({}), {
      check: () => {
        throw new Error('not in charge')
      },
    })
    await expect(client.purge(url, 'i', module, 0)).rejects.toThrow('not in charge')
    await expect(client.put(url, 'i', module)).rejects.toThrow('not in charge')
    expect(seen).toEqual([])
  })

  it('whether a module is there is answered by 404 with the host’s own code only', async () => {
    const { client, url } = await hostThat((response, { url: asked }) => {
      if (asked.endsWith('/here')) return json({})(response)
      if (asked.endsWith('/gone')) return json({ code: 'WARMSLOT_UNKNOWN_MODULE' }, 404)(response)
      return json({}, asked.endsWith('/broken') ? 500 : 404)(response)
    })
    expect(await client.has(url, 'here')).toBe(true)
    expect(await client.has(url, 'gone')).toBe(false)
    await expect(client.has(url, 'broken')).rejects.toBeInstanceOf(HostAnswerError)
    await expect(client.has(url, 'unknown-path')).rejects.toBeInstanceOf(HostAnswerError)
  })

  it('to purge that is not done yet tells how far it is', async () => {
    const attempt = { uid: 'u-1', kernel: { mappings: 1, descriptors: 0 } }
    const { client, url } = await hostThat(json({ lastAttempt: attempt, requests: 2 }, 202))
    expect(await client.purge(url, 'i', module, 0)).toEqual({ done: false, receipt: attempt, requests: 2 })
  })

  it('to purge that is done has the receipt, and who has answered', async () => {
    const { client, url } = await hostThat((response) => {
      response.setHeader('warmslot-instance', 'i-2')
      json({ uid: 'u-1' })(response)
    })
    expect(await client.purge(url, 'i', module, 0)).toEqual({
      done: true,
      receipt: { uid: 'u-1' },
      instance: 'i-2',
    })
  })
})
