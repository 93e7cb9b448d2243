/** The administration port of a host in Kubernetes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { Host, type HostOptions } from '../src/index.ts'
import { checkAnswer } from './support/conformance.ts'
import { account, audience, FakeApiServer } from './support/fake-api-server.ts'
import { problemOf, rawRequest } from './support/raw-request.ts'
import { startHost, type TestHost } from './support/test-host.ts'

let fake: FakeApiServer

beforeAll(async () => (fake = await FakeApiServer.start()))
afterAll(() => fake[Symbol.asyncDispose]())
afterEach(() => void vi.unstubAllEnvs())

function reviewed(): HostOptions {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
  vi.stubEnv('KUBERNETES_SERVICE_PORT', '1')
  vi.stubEnv('KUBERNETES_SERVICE_PORT_HTTPS', String(fake.port))
  return {
    tokenReviewAudience: audience,
    tokenReviewAccounts: `a:b, ${account}`,
    serviceAccountFolder: fake.folder,
    workers: 1,
  }
}

async function status({ admin }: TestHost, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await rawRequest(admin, { path: '/v1/host', headers })
  checkAnswer({ method: 'GET', path: '/v1/host' }, answer)
  return answer.status
}

it('takes tokens of the accounts, and no others', async () => {
  await using host = await startHost(reviewed())
  expect(await status(host, 'good')).toBe(200)
  expect(await status(host, 'bad')).toBe(401)
  const before = fake.asked.length
  for (const none of [undefined, '', ' ']) expect(await status(host, none)).toBe(401)
  expect(await status(host, 'good')).toBe(200)
  expect(fake.asked.length).toBe(before)
})

it('asks nobody for health', async () => {
  await using host = await startHost(reviewed())
  const before = fake.asked.length
  for (const path of ['healthz', 'readyz']) {
    const headers = { authorization: 'Bearer unknown' }
    expect((await fetch(`${host.admin}/${path}`, { headers })).status).toBe(200)
  }
  expect(fake.asked.length).toBe(before)
})

it('may be reached from elsewhere then', async () => {
  await using host = await startHost({ ...reviewed(), adminListen: '0.0.0.0:0' })
  expect(await status(host)).toBe(401)
  expect(await status(host, 'good')).toBe(200)
})

it('lets nobody in while the API server does not answer, and says so', async () => {
  await using host = await startHost(reviewed())
  const usual = fake.answer
  fake.answer = (_, response) => void response.writeHead(500).end()
  const answer = await rawRequest(host.admin, {
    path: '/v1/modules',
    headers: { authorization: 'Bearer good' },
  })
  fake.answer = usual
  expect(problemOf(answer)).toMatchObject({ status: 503, code: 'WARMSLOT_UNAVAILABLE' })
  expect(answer.headers['retry-after']).toBe('1')
  checkAnswer({ method: 'GET', path: '/v1/modules' }, answer)
  expect(await status(host, 'good')).toBe(200)
})

it('beside a token file: its token first, and no question for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warmslot-token-'))
  try {
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, 'a token of enough characters')
    await using host = await startHost({ ...reviewed(), tokenFile })
    const before = fake.asked.length
    expect(await status(host, 'a token of enough characters')).toBe(200)
    expect(fake.asked.length).toBe(before)
    expect(await status(host, 'good of the account')).toBe(200)
    expect(await status(host, 'another token of enough characters')).toBe(401)
    expect(fake.asked.length).toBe(before + 2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('leaves no connection behind', async () => {
  fake.cutConnections()
  await expect.poll(() => fake.openConnections).toBe(0)
  const host = await startHost(reviewed())
  await status(host, 'good for a while')
  expect(fake.openConnections).toBe(1)
  await host.host.close()
  await expect.poll(() => fake.openConnections).toBe(0)
})

const addresses = { listen: '127.0.0.1:0', adminListen: '127.0.0.1:0' }

it.each<[string, HostOptions, object]>([
  ['an audience alone', { tokenReviewAccounts: undefined }, { option: 'tokenReviewAccounts' }],
  ['accounts alone', { tokenReviewAudience: undefined }, { option: 'tokenReviewAudience' }],
  ['an audience that is none', { tokenReviewAudience: '' }, { option: 'tokenReviewAudience' }],
  ['accounts that are none', { tokenReviewAccounts: 'operator' }, { option: 'tokenReviewAccounts' }],
  ['no folder', { serviceAccountFolder: '/no/such' }, { code: 'ENOENT' }],
])('does not start with %s', async (_, wrong, error) => {
  const starting = Host.start({ ...reviewed(), ...addresses, ...wrong }, pino({ level: 'silent' }))
  await expect(starting).rejects.toMatchObject(error)
})

it('does not start where there is no Kubernetes', async () => {
  const options = reviewed()
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined)
  const starting = Host.start({ ...options, ...addresses }, pino({ level: 'silent' }))
  await expect(starting).rejects.toMatchObject({ option: 'tokenReviewAudience' })
})
