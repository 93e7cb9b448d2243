/** Whose tokens are taken that Kubernetes vouches for, and what is remembered of them. */
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { ApiServer, apiServerAddress } from '../src/kubernetes/api-server.ts'
import { TokenReviews } from '../src/kubernetes/token-reviews.ts'
import { makeAuthority } from './support/certificates.ts'
import {
  account,
  type Answer,
  audience,
  FakeApiServer,
  goodStatus,
  ownToken,
} from './support/fake-api-server.ts'

let fake: FakeApiServer
let apiServer: ApiServer
let reviews: TokenReviews
let nowMs: number
let failures: unknown[]

beforeEach(async () => {
  fake = await FakeApiServer.start()
  nowMs = 1_000
  failures = []
  apiServer = connect()
  reviews = review(apiServer)
})

afterEach(async () => {
  apiServer[Symbol.dispose]()
  await fake[Symbol.asyncDispose]()
})

function connect(more: { hostname?: string; timeoutMs?: number } = {}): ApiServer {
  const { port, folder: serviceAccountFolder } = fake
  return new ApiServer({ hostname: '127.0.0.1', port, serviceAccountFolder, ...more })
}

function review(server: Pick<ApiServer, 'post'>): TokenReviews {
  const accounts = [account, 'other:account']
  return new TokenReviews(server, {
    audience,
    accounts,
    now: () => nowMs,
    failed: (error) => failures.push(error),
  })
}

const unavailable = { code: 'WARMSLOT_UNAVAILABLE', status: 503, retryAfterSeconds: 1 }

it('asks as a pod does, for this audience', async () => {
  expect(await reviews.accepts('good')).toBe(true)
  expect(fake.asked).toEqual([
    {
      method: 'POST',
      url: '/apis/authentication.k8s.io/v1/tokenreviews',
      host: `127.0.0.1:${fake.port}`,
      authorization: `Bearer ${ownToken}`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: 'good', audiences: [audience] },
      },
    },
  ])
})

const good = goodStatus() as { user: object }
const named = (username: unknown): object => ({ ...good, user: { ...good.user, username } })

test.each<[string, boolean, object]>([
  ['of the account', true, good],
  ['of another account that may', true, named('system:serviceaccount:other:account')],
  ['for several audiences', true, { ...good, audiences: ['https://kubernetes.default.svc', audience] }],
  ['of another account', false, named('system:serviceaccount:warmslot-system:default')],
  ['of the same name elsewhere', false, named('system:serviceaccount:default:operator')],
  ['of an account with more behind it', false, named(`system:serviceaccount:${account}2`)],
  ['of a user that is called like the account', false, named(account)],
  ['of nobody', false, named(undefined)],
  ['of no text', false, named([`system:serviceaccount:${account}`])],
  ['without a user', false, { ...good, user: undefined }],
  ['that is refused', false, { ...good, authenticated: false }],
  ['that is refused without a word', false, { ...good, authenticated: undefined }],
  ['that is said to be good in a text', false, { ...good, authenticated: 'true' }],
  ['for another audience', false, { ...good, audiences: ['https://kubernetes.default.svc'] }],
  ['for no audience', false, { ...good, audiences: [] }],
  ['of a server that knows no audiences', false, { ...good, audiences: undefined }],
  ['for a text that has the audience in it', false, { ...good, audiences: `not-${audience}` }],
])('a token %s: %s', async (_, isAccepted, status) => {
  fake.answer = () => ({ status })
  expect(await reviews.accepts('a token')).toBe(isAccepted)
})

/** How many questions there have been when this token has been looked at, so much later. */
async function askedAfter(token: string, afterMs: number): Promise<number> {
  nowMs += afterMs
  await reviews.accepts(token)
  return fake.asked.length
}

describe('remembers', () => {
  it('a token that is good, for a minute', async () => {
    expect([
      await askedAfter('good', 0),
      await askedAfter('good', 59_999),
      await askedAfter('good', 1),
      await askedAfter('good', 59_999),
    ]).toEqual([1, 1, 2, 2])
  })

  it('one that is not, for five seconds', async () => {
    expect([
      await askedAfter('bad', 0),
      await askedAfter('bad', 4_999),
      await askedAfter('bad', 1),
      await askedAfter('bad', 4_999),
    ]).toEqual([1, 1, 2, 2])
  })

  it('that a good one is not any more, when it finds out', async () => {
    await reviews.accepts('good')
    fake.answer = () => ({ status: { authenticated: false } })
    nowMs += 60_000
    expect(await reviews.accepts('good')).toBe(false)
  })

  it('a hundred good ones, whatever others come', async () => {
    for (let number = 0; number < 100; number += 1) await reviews.accepts(`good ${number}`)
    for (let number = 0; number < 150; number += 1) await reviews.accepts(`bad ${number}`)
    expect(await askedAfter('good 0', 0)).toBe(250)
    expect(await askedAfter('bad 50', 0)).toBe(250)
    expect(await askedAfter('bad 49', 0)).toBe(251)
    expect(await askedAfter('good 100', 0)).toBe(252)
    expect(await askedAfter('good 1', 0)).toBe(252)
    expect(await askedAfter('good 0', 0)).toBe(253)
  })
})

it('asks once for a token, however many come with it meanwhile', async () => {
  const verdicts = await Promise.all(Array.from({ length: 30 }, () => reviews.accepts('good')))
  expect(verdicts).toEqual(Array.from({ length: 30 }, () => true))
  expect(fake.asked).toHaveLength(1)
})

it('asks about sixteen tokens at the same time, and then again', async () => {
  const verdicts = await Promise.allSettled(
    Array.from({ length: 20 }, (_, number) => reviews.accepts(`good ${number}`)),
  )
  expect(verdicts.filter(({ status }) => status === 'fulfilled')).toHaveLength(16)
  for (const verdict of verdicts.slice(16))
    expect(verdict).toMatchObject({ status: 'rejected', reason: unavailable })
  expect(await reviews.accepts('good 19')).toBe(true)
  expect(failures).toEqual([])
})

it('keeps its connection, and closes it in the end', async () => {
  for (let number = 0; number < 5; number += 1) await reviews.accepts(`good ${number}`)
  expect(fake.connections).toBe(1)
  fake.cutConnections()
  expect(await reviews.accepts('good again')).toBe(true)
  expect(fake.connections).toBe(2)
  apiServer[Symbol.dispose]()
  await expect.poll(() => fake.openConnections).toBe(0)
})

it('sends a request again that meets the end of a connection that was kept, and no other', async () => {
  const usual = fake.answer
  const cutOnce: Answer = (_, response) => {
    fake.answer = usual
    response.destroy()
    return undefined
  }
  fake.answer = cutOnce
  await expect(reviews.accepts('good')).rejects.toMatchObject(unavailable)
  expect(await reviews.accepts('good')).toBe(true)
  fake.answer = cutOnce
  expect(await reviews.accepts('good too')).toBe(true)
  expect([fake.asked.length, fake.connections]).toEqual([4, 3])
})

it('reads the token and the certificates again when they are replaced', async () => {
  await reviews.accepts('good 1')
  fake.writeFolder({ token: 'another token' })
  await reviews.accepts('good 2')
  expect(fake.asked.at(-1)?.authorization).toBe('Bearer another token')
  const authority = makeAuthority('kubernetes')
  fake.changeAuthority(authority)
  await expect(reviews.accepts('good 3')).rejects.toMatchObject(unavailable)
  fake.writeFolder({ 'ca.crt': authority.cert })
  expect(await reviews.accepts('good 3')).toBe(true)
})

const wrongAnswers: Readonly<Record<string, Answer>> = {
  'no status': () => ({}),
  'no object': () => ({ status: 'good' }),
  'a status that is null': () => ({ status: null }),
  'not JSON': (_, response) => void response.writeHead(201).end('good'),
  'nothing at all': (_, response) => void response.writeHead(201).end(),
  'that the pod may not ask': (_, response) =>
    void response.writeHead(403).end(JSON.stringify({ status: good })),
  'that the pod is nobody': (_, response) => void response.writeHead(401).end('{}'),
  'a mistake': (_, response) => void response.writeHead(500).end('{}'),
  elsewhere: (_, response) =>
    void response.writeHead(307, { location: 'https://example.com' }).end(JSON.stringify({ status: good })),
  'far too much': (_, response) => void response.writeHead(201).end(' '.repeat(2 ** 20 + 1)),
  'half of it': (_, response) => {
    response.writeHead(201, { 'content-length': '1000' }).write('{')
    setTimeout(() => response.destroy(), 20)
    return undefined
  },
}

describe('lets nobody in, and remembers nothing, where the server says', () => {
  it.each(Object.entries(wrongAnswers))('%s', async (_, answer) => {
    const usual = fake.answer
    fake.answer = answer
    await expect(reviews.accepts('good')).rejects.toMatchObject(unavailable)
    expect(failures).toHaveLength(1)
    fake.answer = usual
    expect(await reviews.accepts('good')).toBe(true)
  })

  it('nothing in time', async () => {
    using impatient = connect({ timeoutMs: 100 })
    fake.answer = () => undefined
    await expect(review(impatient).accepts('good')).rejects.toMatchObject(unavailable)
  })

  it('something under a name that is not in its certificate', async () => {
    using elsewhere = connect({ hostname: '127.0.0.2' })
    await expect(review(elsewhere).accepts('good')).rejects.toMatchObject(unavailable)
    expect(failures).toMatchObject([{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }])
    expect(fake.asked).toEqual([])
  })
})

it('where the server is gone, or a file is, it says so once in a while, and gets over it', async () => {
  fake.writeFolder({ 'ca.crt': 'nothing' })
  for (const afterMs of [0, 9_999, 1]) {
    nowMs += afterMs
    await expect(reviews.accepts('good')).rejects.toMatchObject(unavailable)
  }
  expect(failures).toHaveLength(2)
  await fake[Symbol.asyncDispose]()
  await expect(reviews.accepts('good')).rejects.toMatchObject(unavailable)
  expect(JSON.stringify(failures)).not.toContain(ownToken)
})

it.each([
  ['::1', '[::1]'],
  ['localhost', 'localhost'],
])('asks at %s', async (hostname, host) => {
  using server = connect({ hostname })
  expect(await review(server).accepts('good')).toBe(true)
  expect(fake.asked[0]?.host).toBe(`${host}:${fake.port}`)
})

it('finds the server by the variables of a pod', () => {
  const host = { KUBERNETES_SERVICE_HOST: 'fd00::1' }
  expect(apiServerAddress({})).toBeUndefined()
  expect(apiServerAddress({ KUBERNETES_SERVICE_HOST: '' })).toBeUndefined()
  expect(apiServerAddress(host)).toEqual({ hostname: 'fd00::1', port: 443 })
  expect(apiServerAddress({ ...host, KUBERNETES_SERVICE_PORT: '6443' })).toMatchObject({ port: 6443 })
  expect(
    apiServerAddress({ ...host, KUBERNETES_SERVICE_PORT: '80', KUBERNETES_SERVICE_PORT_HTTPS: '8443' }),
  ).toMatchObject({ port: 8443 })
})
