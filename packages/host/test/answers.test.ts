/** Answers of a running host beside their description: every path, every status that can be had without breaking something. */
import { afterAll, beforeAll, test } from 'vitest'
import { digestOf } from '../src/modules/digest.ts'
import { type Case, checkCase, checkSchema } from './support/conformance.ts'
import { command, library } from './support/programs.ts'
import { rawRequest } from './support/raw-request.ts'
import { startHost, type TestHost } from './support/test-host.ts'
import { wat } from './support/wat.ts'

let host: TestHost

beforeAll(async () => {
  host = await startHost()
  await host.put('command', command, { requestBytes: 1_000, timeLimitMs: 300 })
  await host.put('library', library)
})

afterAll(() => host.host.close())

const run = '/v1/modules/{name}/run'
const call = '/v1/modules/{name}/call/{export}'
const ofUid = '/v1/modules/{uid}'
const digest = digestOf(command)
const malformed = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1)
const starting = wat('(module (memory 1) (func $trap unreachable) (start $trap))')

const dataCases: readonly Case[] = [
  { described: run, method: 'POST', path: '/v1/modules/command/run?arg=e', body: 'x', status: 200 },
  { described: run, method: 'POST', path: '/v1/modules/command/run?arg=e&arg=%C3%A9&env=A=B', status: 200 },
  { described: run, method: 'POST', path: '/v1/modules/command/run?arg=x&arg=x', status: 200 },
  {
    described: run,
    method: 'POST',
    path: '/v1/modules/command/run?arg=e',
    body: 'é%'.repeat(300),
    status: 200,
  },
  { described: run, method: 'POST', path: '/v1/modules/command/run?env=A', status: 400 },
  { described: run, method: 'POST', path: '/v1/modules/nothing/run', status: 404 },
  { described: run, method: 'POST', path: '/v1/modules/command/run', body: 'x'.repeat(1_001), status: 413 },
  { described: run, method: 'POST', path: '/v1/modules/command/run?arg=t', status: 500 },
  { described: run, method: 'POST', path: '/v1/modules/command/run?arg=l', status: 504 },
  { described: call, method: 'POST', path: '/v1/modules/library/call/nothing', status: 200 },
  { described: call, method: 'POST', path: '/v1/modules/library/call/two', status: 200 },
  {
    described: call,
    method: 'POST',
    path: '/v1/modules/library/call/add',
    body: '{"arguments":[1,2]}',
    status: 200,
  },
  {
    described: call,
    method: 'POST',
    path: '/v1/modules/library/call/add',
    body: '{"arguments":[1e999,-0]}',
    status: 200,
  },
  {
    described: call,
    method: 'POST',
    path: '/v1/modules/library/call/upper',
    body: '{"arguments":["abc"],"result":"string"}',
    status: 200,
  },
  { described: call, method: 'POST', path: '/v1/modules/library/call/add', body: '[', status: 400 },
  { described: call, method: 'POST', path: '/v1/modules/library/call/trap', status: 500 },
  { described: call, method: 'POST', path: '/v1/modules/library/call/missing', status: 404 },
  { described: '/healthz', path: '/healthz', status: 200 },
  { described: '/readyz', path: '/readyz', status: 200 },
]

const adminCases: readonly Case[] = [
  {
    described: ofUid,
    method: 'PUT',
    path: `/v1/modules/new?digest=${digest}&name=other`,
    body: command,
    status: 201,
  },
  {
    described: ofUid,
    method: 'PUT',
    path: `/v1/modules/new?digest=${digest}&name=other`,
    body: command,
    status: 200,
  },
  {
    described: ofUid,
    method: 'PUT',
    path: `/v1/modules/once?digest=${digestOf(library)}&initialize=once&queue=5`,
    body: library,
    status: 201,
  },
  { described: ofUid, method: 'PUT', path: `/v1/modules/new?digest=${digest}`, body: command, status: 409 },
  { described: ofUid, method: 'PUT', path: `/v1/modules/bad?digest=${digest}`, body: library, status: 400 },
  {
    described: ofUid,
    method: 'PUT',
    path: `/v1/modules/bad?digest=${digestOf(malformed)}`,
    body: malformed,
    status: 422,
  },
  {
    described: ofUid,
    method: 'PUT',
    path: `/v1/modules/start?digest=${digestOf(starting)}`,
    body: starting,
    status: 422,
  },
  { described: '/v1/modules', path: '/v1/modules', status: 200 },
  { described: ofUid, path: '/v1/modules/new', status: 200 },
  { described: ofUid, path: '/v1/modules/nothing', status: 404 },
  { described: ofUid, path: '/v1/modules/-', status: 400 },
  { described: '/v1/purges/{uid}', path: '/v1/purges/new', status: 404 },
  { described: ofUid, method: 'DELETE', path: '/v1/modules/new', status: 200 },
  { described: ofUid, method: 'DELETE', path: '/v1/modules/new', status: 200 },
  { described: ofUid, method: 'DELETE', path: '/v1/modules/nothing', status: 404 },
  { described: ofUid, method: 'DELETE', path: '/v1/modules/once?waitMs=soon', status: 400 },
  { described: '/v1/purges/{uid}', path: '/v1/purges/new', status: 200 },
  {
    described: ofUid,
    method: 'DELETE',
    path: `/v1/modules/never?digest=${digest}&name=other`,
    status: 200,
  },
  { described: '/v1/purges/{uid}', path: '/v1/purges/never', status: 200 },
  {
    described: ofUid,
    method: 'DELETE',
    path: `/v1/modules/never?digest=${digestOf(library)}`,
    status: 409,
  },
  {
    described: ofUid,
    method: 'DELETE',
    path: '/v1/modules/once',
    headers: { 'warmslot-instance': 'another' },
    status: 412,
  },
  { described: '/v1/host', path: '/v1/host', status: 200 },
  { described: '/metrics', path: '/metrics', status: 200 },
  { described: '/', path: '/', status: 200 },
  { described: '/v1/slots', path: '/v1/slots', status: 200 },
  { described: '/v1/slots/events', path: '/v1/slots/events', status: 200 },
  { described: '/openapi.json', path: '/openapi.json', status: 200 },
  { described: '/healthz', path: '/healthz', status: 200 },
  { described: '/readyz', path: '/readyz', status: 200 },
]

const titleOf = ({ method = 'GET', path, status }: Case): string => `${method} ${path}: ${status}`

test.each(dataCases.map((one) => [titleOf(one), one] as const))('data port: %s', (_, one) =>
  checkCase(host.data, one),
)

// In this order.
test.each(adminCases.map((one) => [titleOf(one), one] as const))('administration port: %s', (_, one) =>
  checkCase(host.admin, one),
)

test('the slot map begins with a whole state, as it is described', async () => {
  const { body } = await rawRequest(host.admin, { path: '/v1/slots/events' })
  const [, state] = /^event: state\ndata: (.*)\n\n/.exec(body.toString('utf8')) ?? []
  checkSchema('SlotMap', JSON.parse(state!))
})
