/** Deleting what is not here, or not yet: nothing that comes late comes in. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PooledModule, processImageMappings } from '@warmslot/engine'
import type { HostReceipt } from '../src/index.ts'
import { digestOf } from '../src/modules/digest.ts'
import { checkSchema } from './support/conformance.ts'
import { command, library } from './support/programs.ts'
import { startHost, type TestHost } from './support/test-host.ts'
import { wat } from './support/wat.ts'

let host: TestHost

beforeAll(async () => (host = await startHost()))
afterAll(() => host.host.close())

function remove(uid: string, bytes?: Uint8Array, more: Record<string, string> = {}): Promise<Response> {
  const query = new URLSearchParams({ ...(bytes && { digest: digestOf(bytes) }), ...more })
  return fetch(`${host.admin}/v1/modules/${uid}?${query}`, { method: 'DELETE' })
}

async function receiptOf(response: Response): Promise<HostReceipt> {
  expect(response.status).toBe(200)
  const receipt = (await response.json()) as HostReceipt
  checkSchema('CompleteReceipt', receipt)
  return receipt
}

const nothing = { loaded: false, complete: true, attempts: 0, workers: [], durationMs: 0 }

/** Its initialisation takes as long as `timeLimitMs` lets it, and fails. */
const endless = wat(
  '(module (memory 1) (data (i32.const 9) "x") (func (export "_initialize") (loop $l (br $l))))',
)
/** Its initialisation takes 300 ms. */
const slow = wat(`(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_initialize")
    (i32.store (i32.const 216) (i32.const 1)) (i64.store (i32.const 224) (i64.const 300000000))
    (drop (call $poll_oneoff (i32.const 200) (i32.const 300) (i32.const 1) (i32.const 400)))))`)

async function loading(uid: string): Promise<void> {
  await expect
    .poll(async () => (await fetch(`${host.admin}/v1/modules/${uid}`)).json(), { interval: 5 })
    .toMatchObject({ state: 'loading' })
}

test('without a digest it is unknown, and may come', async () => {
  expect((await remove('free')).status).toBe(404)
  expect((await remove('free', undefined, { name: 'x' })).status).toBe(404)
  expect((await host.put('free', command)).status).toBe(201)
})

test('with one it gets a receipt, always the same, and may not come', async () => {
  const receipt = await receiptOf(await remove('never', command, { name: 'called' }))
  expect(receipt).toMatchObject({ ...nothing, uid: 'never', name: 'called', digest: digestOf(command) })
  expect(receipt.kernel).toEqual({ mappings: 0, descriptors: 0 })
  expect(await receiptOf(await remove('never', command))).toEqual(receipt)
  expect(await receiptOf(await remove('never'))).toEqual(receipt)
  expect(await receiptOf(await fetch(`${host.admin}/v1/purges/never`))).toEqual(receipt)
  const late = await host.put('never', command, { name: 'called' })
  expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([
    409,
    'WARMSLOT_MODULE_CONFLICT',
  ])
  expect((await host.run('called', 'c')).status).toBe(404)
})

test('a name is the UID unless it is said', async () => {
  expect(await receiptOf(await remove('unnamed', command))).toMatchObject({ name: 'unnamed' })
})

test('a body that is under way when its module is deleted comes too late', async () => {
  const path = `/v1/modules/under-way?digest=${digestOf(command)}`
  const { hostname, port } = new URL(host.admin)
  // The host says "continue" when it has seen the head.
  const put = request({ hostname, port, path, method: 'PUT', headers: { expect: '100-continue' } })
  put.flushHeaders()
  await once(put, 'continue')
  expect(await receiptOf(await remove('under-way', command))).toMatchObject(nothing)
  put.end(command)
  const [answer] = (await once(put, 'response')) as [IncomingMessage]
  answer.resume()
  expect(answer.statusCode).toBe(409)
})

test('one that is here says so; other bytes are a conflict, and stay', async () => {
  await host.put('here', command)
  expect((await remove('here', library)).status).toBe(409)
  expect((await host.run('here', 'c')).status).toBe(200)
  const receipt = await receiptOf(await remove('here', command, { name: 'other' }))
  expect(receipt).toMatchObject({ loaded: true, attempts: 1, name: 'here' })
  expect(receipt.workers).toHaveLength(2)
  expect((await remove('here', library)).status).toBe(409)
})

test('one that is being loaded is waited for, and purged', async () => {
  const put = host.put('slow', slow, { initialize: 'once' })
  await loading('slow')
  expect(await receiptOf(await remove('slow', slow))).toMatchObject({ loaded: true, attempts: 1 })
  await put
  expect((await host.put('slow', slow)).status).toBe(409)
})

test.each([
  ['with a digest: a receipt, and it may not come again', endless, 200, 409],
  ['without: unknown, and it may', undefined, 404, 422],
] as const)('one whose loading fails, deleted meanwhile %s', async (_, meant, removed, again) => {
  const uid = `fails-${removed}`
  const load = (): Promise<Response> => host.put(uid, endless, { initialize: 'once', timeLimitMs: 300 })
  const put = load()
  await loading(uid)
  const answer = await remove(uid, meant)
  expect(answer.status).toBe(removed)
  if (removed === 200)
    expect(await answer.json()).toMatchObject({ ...nothing, uid, digest: digestOf(endless) })
  expect((await put).status).toBe(422)
  expect((await load()).status).toBe(again)
  expect((await fetch(`${host.admin}/v1/modules/${uid}`)).status).toBe(404)
})

test('what could not be loaded is forgotten when the kernel says that nothing of it is left, not before', async () => {
  const question = vi.spyOn(PooledModule.prototype, 'kernelTraces')
  question.mockRejectedValueOnce(new Error('EMFILE')).mockResolvedValueOnce({ mappings: 1, descriptors: 0 })
  try {
    expect((await host.put('left', endless, { initialize: 'once', timeLimitMs: 50 })).status).toBe(422)
    expect(question).toHaveBeenCalledTimes(3)
  } finally {
    question.mockRestore()
  }
})

test('nothing of all of them is left', async () => {
  for (const uid of ['free', 'never', 'slow']) await (await remove(uid)).text()
  expect(await processImageMappings()).toEqual([])
})
