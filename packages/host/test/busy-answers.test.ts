/** Answers of a host that is busy, beside their description. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../src/modules/digest.ts'
import { checkCase } from './support/conformance.ts'
import { command } from './support/programs.ts'
import { startHost, type TestHost } from './support/test-host.ts'

let slow: TestHost

beforeAll(async () => {
  slow = await startHost({ workers: 1, queue: 1 })
  await slow.put('command', command, { timeLimitMs: 1_000, queue: 1, concurrency: 1 })
  await slow.put('other', command, { timeLimitMs: 1_000 })
})

afterAll(() => slow.host.close())

const run = '/v1/modules/{name}/run'
const digest = digestOf(command)

test('a purge that waits for a running request: 202 until it has ended', async () => {
  const running = slow.run('other', 'l')
  await expect
    .poll(async () => (await fetch(`${slow.admin}/v1/modules/other`)).json())
    .toMatchObject({ requests: 1 })
  const remove = {
    described: '/v1/modules/{uid}',
    method: 'DELETE',
    path: '/v1/modules/other?waitMs=0',
    status: 202,
  }
  await checkCase(slow.admin, remove)
  await checkCase(slow.admin, { described: '/v1/purges/{uid}', path: '/v1/purges/other', status: 202 })
  await checkCase(slow.admin, {
    described: '/v1/modules/{uid}',
    method: 'PUT',
    path: `/v1/modules/other?digest=${digest}`,
    body: command,
    status: 409,
  })
  expect((await running).status).toBe(504)
  await expect.poll(async () => (await fetch(`${slow.admin}/v1/purges/other`)).status).toBe(200)
  await checkCase(slow.admin, { described: '/v1/purges/{uid}', path: '/v1/purges/other', status: 200 })
})

test('more requests than may wait: 429 of a module, 503 of the host', async () => {
  await slow.put('third', command, { timeLimitMs: 1_000 })
  const request = { described: run, method: 'POST', path: '/v1/modules/command/run?arg=l' }
  const busy = [slow.run('command', 'l'), slow.run('command', 'l')]
  const waiting = async (): Promise<unknown> => (await fetch(`${slow.admin}/v1/modules/command`)).json()
  await expect.poll(waiting).toMatchObject({ requests: 2 })
  await checkCase(slow.data, { ...request, status: 429 })
  await checkCase(slow.data, { ...request, path: '/v1/modules/third/run', status: 503 })
  for (const answer of await Promise.all(busy)) expect(answer.status).toBe(504)
})
