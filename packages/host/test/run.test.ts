/** Commands and libraries, as a client sees them. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { command, library } from './support/programs.ts'
import { wat } from './support/wat.ts'
import { startHost, type TestHost } from './support/test-host.ts'

let host: TestHost

beforeAll(async () => {
  host = await startHost()
  expect((await host.put('program', command, { timeLimitMs: 500, memoryBytes: 1_048_576 })).status).toBe(201)
  expect((await host.put('library', library, { timeLimitMs: 500 })).status).toBe(201)
  expect((await host.put('once', library, { initialize: 'once' })).status).toBe(201)
})
afterAll(() => host[Symbol.asyncDispose]())

async function problemOf(
  response: Response,
): Promise<{ status: number; code: string; detail: string; stderr?: string }> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return (await response.json()) as never
}

async function result(exported: string, body?: unknown): Promise<unknown> {
  const response = await host.call('library', exported, body)
  const answer = (await response.json()) as { result: unknown }
  expect(response.status, JSON.stringify(answer)).toBe(200)
  return answer.result
}

it('passes the body as standard input, and both outputs back', async () => {
  const body = Buffer.from(`${'text '.repeat(30_000)}ä`)
  const response = await host.run('program', 'echo', body)
  expect([response.status, response.headers.get('warmslot-exit-code')]).toEqual([200, '0'])
  expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
  expect(response.headers.get('warmslot-stderr-truncated')).toBe('true')
  const short = await host.run('program', 'echo', 'schön\n100 %')
  expect(decodeURIComponent(short.headers.get('warmslot-stderr')!)).toBe('schön\n100 %')
})

it('passes arguments and environment, from the query and from headers', async () => {
  const base = `${host.data}/v1/modules/program/run`
  const query = await fetch(`${base}?arg=n&arg=${encodeURIComponent('ä b')}&arg=`, { method: 'POST' })
  expect(await query.text()).toBe('program\0n\0ä b\0\0')
  const header = await fetch(base, { method: 'POST', headers: { 'warmslot-arguments': '["n","x"]' } })
  expect(await header.text()).toBe('program\0n\0x\0')
  const variables = await fetch(`${base}?arg=v&env=A=1&env=B=x=y`, { method: 'POST' })
  expect(await variables.text()).toBe('A=1\0B=x=y\0')
  const json = { 'warmslot-environment': '{"A":"2"}' }
  expect(await (await fetch(`${base}?arg=v`, { method: 'POST', headers: json })).text()).toBe('A=2\0')
})

it('says the exit code', async () => {
  const response = await host.run('program', 'x')
  expect([response.status, response.headers.get('warmslot-exit-code')]).toEqual([200, '2'])
})

it('gives every request a memory of its own, fresh random numbers and the time', async () => {
  const counts = await Promise.all(
    Array.from({ length: 40 }, async () => (await host.run('program', 'c')).text()),
  )
  expect(new Set(counts)).toEqual(new Set(['1jmage']))
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => Buffer.from(await (await host.run('program', 'r')).arrayBuffer())),
  )
  expect(new Set(answers.map((bytes) => bytes.toString('hex', 0, 16))).size).toBe(20)
  for (const bytes of answers)
    expect(Math.abs(Number(bytes.readBigUInt64LE(16) / 1_000_000n) - Date.now())).toBeLessThan(20_000)
})

it('stops guests that do not end, asleep or awake, and tells of traps and of no memory', async () => {
  for (const argument of ['loop', 'sleep']) {
    const start = performance.now()
    const stopped = await host.run('program', argument)
    expect([stopped.status, (await problemOf(stopped)).code]).toEqual([504, 'WARMSLOT_TIME_LIMIT'])
    expect(performance.now() - start).toBeLessThan(5_000)
  }
  for (const argument of ['trap', 'grow']) {
    const trapped = await host.run('program', argument)
    const { status, code, detail } = await problemOf(trapped)
    expect([status, code]).toEqual([500, 'WARMSLOT_GUEST_TRAPPED'])
    expect(detail).toContain('unreachable')
  }
  expect(await (await host.run('program', 'c')).text()).toBe('1jmage')
  expect(await (await fetch(`${host.admin}/metrics`)).text()).toContain(
    'warmslot_host_workers_replaced_total 0',
  )
})

it('calls exports with numbers, strings and bytes', async () => {
  expect(await result('add', { arguments: [1, 2.5] })).toBe(3.5)
  expect(await result('add', { arguments: [1e308, 1e308] })).toEqual({ f64: 'Infinity' })
  expect(await result('negate', { arguments: [{ i64: '9007199254740993' }] })).toEqual({
    i64: '-9007199254740993',
  })
  expect(await result('two')).toEqual([1, { i64: '2' }])
  expect(await result('nothing')).toBe(null)
  expect(await result('upper', { arguments: ['grüße'], result: 'string' })).toBe('GRüßE')
  const bytes = Buffer.from([0, 1, 254, 255]).toString('base64')
  expect(await result('pair', { arguments: [{ bytes }], result: 'bytes' })).toBe(bytes)
})

it('initialises in each request, or once for all of them', async () => {
  for (const name of ['library', 'once']) {
    for (let turn = 0; turn < 3; turn += 1)
      expect(await (await host.call(name, 'initialised')).json()).toEqual({ result: 1 })
    const numbers = await Promise.all(
      Array.from({ length: 10 }, async () => (await host.call(name, 'random')).text()),
    )
    expect(new Set(numbers).size).toBe(10)
  }
})

it('tells of what a library does wrong', async () => {
  const trapped = await problemOf(await host.call('library', 'trap'))
  expect([trapped.status, trapped.code]).toEqual([500, 'WARMSLOT_GUEST_TRAPPED'])
  const stopped = await problemOf(await host.call('library', 'loop'))
  expect([stopped.status, stopped.code]).toEqual([504, 'WARMSLOT_TIME_LIMIT'])
  const unknown = await problemOf(await host.call('library', 'constructor'))
  expect([unknown.status, unknown.code]).toEqual([404, 'WARMSLOT_UNKNOWN_EXPORT'])
})

it('refuses what could never be run, when it is put', async () => {
  const impossible = {
    'a data segment out of range':
      '(module (memory 1) (data (i32.const 65536) "x") (func (export "_start")))',
    'a start function that traps':
      '(module (func $start unreachable) (start $start) (func (export "_start")))',
    'a start function that does not end':
      '(module (func $start (loop $again (br $again))) (start $start) (func (export "_start")))',
  }
  for (const [what, text] of Object.entries(impossible)) {
    const refused = await problemOf(await host.put('impossible', wat(text), { timeLimitMs: 100 }))
    expect([refused.status, refused.code], what).toEqual([422, 'WARMSLOT_UNUSABLE_MODULE'])
  }
  expect((await host.run('impossible', '')).status).toBe(404)
})
