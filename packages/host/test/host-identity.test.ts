/** Who a host says it is, and what it does with requests that are for another one. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../src/modules/digest.ts'
import { checkSchema } from './support/conformance.ts'
import { command } from './support/programs.ts'
import { problemOf, rawRequest } from './support/raw-request.ts'
import { startHost, type TestHost } from './support/test-host.ts'

interface Host {
  readonly instance: string
  readonly startedAt: string
  readonly now: string
}

const podUid = '0b7e4a4c-3a0e-4c9e-9d52-1a3c7a6a2d10'
const digest = digestOf(command)
const before = Date.now()
let host: TestHost
let instance: string

beforeAll(async () => {
  host = await startHost({ podUid, workers: 2, slots: 8 })
  instance = (await identityOf(host)).instance
})

afterAll(() => host.host.close())

function of(uid: string): { readonly path: string; readonly body: Uint8Array } {
  return { path: `/v1/modules/${uid}?digest=${digest}`, body: command }
}

async function identityOf({ admin }: TestHost): Promise<Host> {
  return (await (await fetch(`${admin}/v1/host`)).json()) as Host
}

test('says who it is, the same each time', async () => {
  const identity = await identityOf(host)
  checkSchema('Host', identity)
  expect(identity).toEqual({
    instance,
    startedAt: expect.stringMatching(/\.\d{3}Z$/) as string,
    now: expect.stringMatching(/\.\d{3}Z$/) as string,
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    podUid,
    version: (
      JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
    ).version,
    workers: 2,
    slots: 8,
  })
  const { now, ...same } = identity
  const later = await identityOf(host)
  expect(later).toMatchObject(same)
  const moments = [before, identity.startedAt, now, later.now, Date.now()].map((one) =>
    new Date(one).getTime(),
  )
  expect(moments).toEqual(moments.toSorted((a, b) => a - b))
})

test('another one is another, and has no pod unless it is told', async () => {
  await using other = await startHost({ workers: 1 })
  const identity = await identityOf(other)
  expect(identity.instance).not.toBe(instance)
  expect(identity).not.toHaveProperty('podUid')
})

test.each([
  ['GET', '/v1/host'],
  ['GET', '/v1/modules'],
  ['HEAD', '/v1/modules'],
  ['GET', '/v1/modules/nothing'],
  ['GET', '/v1/modules/..'],
  ['PUT', '/v1/modules/nothing'],
  ['DELETE', '/v1/modules/nothing'],
  ['PATCH', '/v1/modules'],
  ['GET', '/nothing'],
  ['GET', '/'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/metrics'],
  ['GET', '/v1/slots'],
  ['GET', '/v1/slots/events'],
])(
  '%s %s of the administration port says who answers; of the other port nothing does',
  async (method, path) => {
    const answer = await rawRequest(host.admin, { method, path })
    expect(answer.headers['warmslot-instance']).toBe(instance)
    expect((await rawRequest(host.data, { method, path })).headers).not.toHaveProperty('warmslot-instance')
  },
)

test('does what is for it, and nothing that is for another one', async () => {
  const mine = { 'warmslot-instance': instance }
  const another = { 'warmslot-instance': podUid }
  const refused = await rawRequest(host.admin, { method: 'PUT', ...of('one'), headers: another })
  expect(problemOf(refused)).toMatchObject({ status: 412, code: 'WARMSLOT_OTHER_INSTANCE' })
  expect((await fetch(`${host.admin}/v1/modules/one`)).status).toBe(404)
  expect((await rawRequest(host.admin, { method: 'PUT', ...of('one'), headers: mine })).status).toBe(201)

  const remove = { method: 'DELETE', path: of('one').path }
  expect((await rawRequest(host.admin, { ...remove, headers: another })).status).toBe(412)
  expect(await (await host.run('one', 'e', 'still here')).text()).toBe('still here')
  expect((await rawRequest(host.admin, { ...remove, path: of('two').path, headers: another })).status).toBe(
    412,
  )
  expect((await rawRequest(host.admin, { method: 'PUT', ...of('two'), headers: mine })).status).toBe(201)
  const receipt = await rawRequest(host.admin, { ...remove, headers: mine })
  expect(JSON.parse(receipt.body.toString())).toMatchObject({
    uid: 'one',
    loaded: true,
    complete: true,
    instance,
  })
})

test('what is for another one is refused before its body comes', async () => {
  const { port } = new URL(host.admin)
  const socket = connect(Number(port), '127.0.0.1')
  const head = `PUT /v1/modules/three?digest=${digest} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000`
  socket.write(`${head}\r\nWarmslot-Instance: ${podUid}\r\n\r\n`)
  const text = await new Promise<string>((resolve, reject) => {
    socket.once('data', (bytes) => resolve(bytes.toString()))
    socket.once('error', reject)
  })
  socket.destroy()
  expect(text).toMatch(/^HTTP\/1\.1 412 /)
})
