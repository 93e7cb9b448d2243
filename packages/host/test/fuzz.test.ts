/** Requests of any kind: whatever comes, no mistake of the host's, and it goes on answering. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../src/modules/digest.ts'
import { anyBytes, sendBytes } from './support/any-bytes.ts'
import { anyRequest } from './support/any-request.ts'
import { checkAnswer, describedPath, paths } from './support/conformance.ts'
import { command, library } from './support/programs.ts'
import { rawRequest, type RawRequest } from './support/raw-request.ts'
import { startHost, type TestHost } from './support/test-host.ts'

const numRuns = Number(process.env['WARMSLOT_HOST_FUZZ_RUNS'] ?? 400)
type Port = 'data' | 'admin'
let host: TestHost

beforeAll(async () => {
  host = await startHost({ moduleBytes: 8_192, maxMemoryBytes: 2 ** 20 })
  await host.put('witness', command)
  await host.put('c', command, { requestBytes: 100, timeLimitMs: 100 })
  await host.put('l', library, { timeLimitMs: 100 })
})

afterAll(() => host.host.close())

async function stillAnswers(): Promise<void> {
  const ran = await host.run('witness', 'e', 'after it')
  expect(`${ran.status} ${await ran.text()}`).toBe('200 after it')
}

async function check(port: Port, sent: RawRequest): Promise<void> {
  const answer = await rawRequest(host[port], sent)
  const text = answer.body.toString('utf8')
  if (answer.status >= 500) expect(text).not.toContain('WARMSLOT_INTERNAL')
  if (answer.status === 417 || sent.method === 'HEAD') return
  const path = describedPath(sent.path, port)
  // A path that cannot be decoded is told of before its method is looked at.
  if (path === undefined || paths[path]![sent.method!.toLowerCase()] === undefined)
    expect([400, 404, 405]).toContain(answer.status)
  else checkAnswer({ method: sent.method!, path }, answer)
}

test.each(['data', 'admin'] as const)('any request to the %s port', async (port) => {
  const property = fc.asyncProperty(anyRequest, (sent) => check(port, sent)).afterEach(stillAnswers)
  await fc.assert(property, { numRuns, endOnFailure: true })
})

const mutated = fc
  .tuple(
    fc.constantFrom(command, library),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
  )
  .map(([bytes, changes]) => {
    const copy = bytes.slice()
    for (const [at, byte] of changes) copy[at % copy.byteLength] = byte
    return copy
  })

test('a module with other bytes in it', async () => {
  let number = 0
  const property = fc.asyncProperty(mutated, async (bytes) => {
    number += 1
    const settings = { digest: digestOf(bytes), timeLimitMs: '100', memoryBytes: '1048576' }
    const path = `/v1/modules/mutated-${number}`
    await check('admin', { method: 'PUT', path: `${path}?${new URLSearchParams(settings)}`, body: bytes })
    await check('data', { method: 'POST', path: `${path}/run?arg=e`, body: 'x' })
    await check('data', { method: 'POST', path: `${path}/call/nothing` })
    await check('admin', { method: 'DELETE', path })
  })
  await fc.assert(property.afterEach(stillAnswers), { numRuns, endOnFailure: true })
})

test('bytes that need not be HTTP', async () => {
  const property = fc.asyncProperty(anyBytes, async (sent) => {
    expect(await sendBytes(host.data, sent)).not.toContain('WARMSLOT_INTERNAL')
  })
  await fc.assert(property.afterEach(stillAnswers), { numRuns, endOnFailure: true })
})
