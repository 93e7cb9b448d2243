/** Who may use the administration port. */
import { get } from 'node:http'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Host } from '../src/index.ts'
import { checkAnswer, type OperationPart, paths } from './support/conformance.ts'
import { problemOf, rawRequest } from './support/raw-request.ts'
import { startHost, type TestHost } from './support/test-host.ts'

const token = 'correct horse battery staple'
let folder: string
let tokenFile: string
let host: TestHost

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warmslot-tokens-'))
  tokenFile = join(folder, 'token')
  await writeFile(tokenFile, `${token}\n`)
  host = await startHost({ tokenFile, workers: 1 })
})

afterAll(async () => {
  await host.host.close()
  await rm(folder, { recursive: true })
})

async function statusWith(authorization: string | undefined): Promise<number> {
  const headers = authorization === undefined ? {} : { authorization }
  const answer = await rawRequest(host.admin, { path: '/v1/modules', headers })
  checkAnswer({ method: 'GET', path: '/v1/modules' }, answer)
  if (answer.status === 401) {
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(problemOf(answer).detail).not.toContain(token)
  }
  return answer.status
}

const wrong: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  empty: '',
  'no scheme': token,
  'no token': 'Bearer',
  'an empty token': 'Bearer ',
  'another scheme': `Basic ${Buffer.from(`user:${token}`).toString('base64')}`,
  'another token': 'Bearer correct horse battery stapler',
  'its beginning': `Bearer ${token.slice(0, -1)}`,
  'its first character': `Bearer ${token[0]}`,
  'in capitals': `Bearer ${token.toUpperCase()}`,
  'with more behind it': `Bearer ${token}, Bearer ${token}`,
  'with two spaces': `Bearer  ${token}`,
  'very long': `Bearer ${'x'.repeat(8_000)}`,
}

test.each(Object.entries(wrong))('401 for a token that is wrong: %s', async (_, authorization) => {
  expect(await statusWith(authorization)).toBe(401)
})

test.each([`Bearer ${token}`, `bearer ${token}`])('200 for the right one: %s', async (authorization) => {
  expect(await statusWith(authorization)).toBe(200)
})

const operations = Object.entries(paths).flatMap(([path, { servers, ...methods }]) => {
  const onAdminPort = servers.some(({ description }) => description.includes('administration'))
  if (!onAdminPort) return []
  return Object.entries(methods).map(([method, part]) => {
    const open = (part as OperationPart).security?.length === 0
    return [method.toUpperCase(), path, open ? 'nobody' : 'everybody'] as const
  })
})

test.each(operations)('%s %s of the administration port asks %s for a token', async (method, path, who) => {
  const target = path.replaceAll(/\{\w+\}/g, 'x')
  const answer = await rawRequest(host.admin, { method, path: target })
  expect(answer.status === 401).toBe(who === 'everybody')
  checkAnswer({ method, path }, answer)
})

test('the data port asks nobody for a token', async () => {
  expect((await host.run('x', 'e')).status).toBe(404)
})

async function replace(text: string): Promise<void> {
  await writeFile(`${tokenFile}.new`, text)
  await rename(`${tokenFile}.new`, tokenFile)
}

test('a token that is replaced counts at once; one that cannot be does not', async () => {
  await replace('another token, of some length')
  expect(await statusWith('Bearer another token, of some length')).toBe(200)
  expect(await statusWith(`Bearer ${token}`)).toBe(401)
  for (const text of ['', 'short', ' '.repeat(20)]) {
    await replace(text)
    expect(await statusWith('Bearer another token, of some length')).toBe(200)
    expect(await statusWith(`Bearer ${text}`)).toBe(401)
  }
  await rm(tokenFile)
  expect(await statusWith('Bearer another token, of some length')).toBe(200)
  expect(await statusWith('Bearer ')).toBe(401)
  await writeFile(tokenFile, token)
  expect(await statusWith(`Bearer ${token}`)).toBe(200)
})

test.each([
  ['a short token', 'fifteen letters'],
  ['no token', ''],
  ['no file', undefined],
])('a host does not start with %s', async (_, text) => {
  const path = join(folder, 'other')
  if (text !== undefined) await writeFile(path, text)
  else await rm(path, { force: true })
  const options = { listen: '127.0.0.1:0', adminListen: '127.0.0.1:0', workers: 1, tokenFile: path }
  await expect(Host.start(options, pino({ level: 'silent' }))).rejects.toThrow(/token|ENOENT/)
})

test('a host does not start open to others without a token', async () => {
  const options = { listen: '127.0.0.1:0', adminListen: '0.0.0.0:0', workers: 1 }
  await expect(Host.start(options, pino({ level: 'silent' }))).rejects.toMatchObject({
    code: 'WARMSLOT_INVALID_OPTION',
    option: 'adminListen',
  })
})

test('without a token, the port is called by a loopback address, and by no other name', async () => {
  await using open = await startHost()
  const { port } = open.host.addresses.adminListen
  const status = (name: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', path: '/v1/modules', headers: { host: name } }
      get(options, (response) => {
        response.resume()
        resolve(response.statusCode!)
      }).on('error', reject)
    })
  for (const name of ['127.0.0.1', `127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
    expect(await status(name), name).toBe(200)
  for (const name of ['example.com', `127.0.0.1.example.com:${port}`, 'localhost.example.com'])
    expect(await status(name), name).toBe(400)
})
