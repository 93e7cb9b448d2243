/** What may go wrong while requests run: none of the others is lost, none gets another one's answer. */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { PooledModule, processImageMappings } from '@warmslot/engine'
import { command, numbered } from './support/programs.ts'
import { Load, metric } from './support/load.ts'
import { startHost, type TestHost } from './support/test-host.ts'

async function untilMetric(host: TestHost, name: string, value: number): Promise<void> {
  await vi.waitFor(async () => expect(await metric(host, name)).toBe(value), { timeout: 20_000 })
}

/** Of one module: those that run and those that wait. */
async function requestsOf({ admin }: TestHost, uid: string): Promise<number | undefined> {
  const { modules } = (await (await fetch(`${admin}/v1/modules`)).json()) as {
    modules: { uid: string; requests: number }[]
  }
  return modules.find((one) => one.uid === uid)?.requests
}

/** Until the only request of a module is with a worker. */
async function untilRunning(host: TestHost, uid: string): Promise<void> {
  await vi.waitFor(async () => expect(await requestsOf(host, uid)).toBe(1), { timeout: 20_000 })
  await untilMetric(host, 'warmslot_host_requests_waiting', 0)
}

async function codeOf(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { code: string }).code]
}

it('a worker that hangs in a host function costs only its own request', async () => {
  await using host = await startHost({ graceMs: 0 })
  await host.put('good', command)
  await host.put('bad', command, { timeLimitMs: 50 })
  await using load = new Load(host, 6)
  for (let turn = 0; turn < 4; turn += 1) {
    expect(await codeOf(await host.run('bad', 'hang'))).toEqual([502, 'WARMSLOT_WORKER_LOST'])
  }
  await load.end()
  expect(load.wrong).toEqual([])
  expect(load.answered).toBeGreaterThan(10)
  expect(await metric(host, 'warmslot_host_workers_replaced_total')).toBe(4)
  await sleep(1_500)
  expect(await metric(host, 'warmslot_host_unaccounted_mappings')).toBe(0)
  expect((await host.run('good', 'c')).status).toBe(200)
})

it('a guest that asks WASI for too much gets an error, and takes nobody down', async () => {
  await using host = await startHost({ workerHeapBytes: 64 * 2 ** 20 })
  await host.put('good', command, { timeLimitMs: 30_000 })
  const invalid = 28
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await host.run('good', 'much')
    expect([answer.status, answer.headers.get('warmslot-exit-code')]).toEqual([200, String(invalid)])
    const bytes = await (await host.run('good', 'write')).arrayBuffer()
    expect(bytes.byteLength).toBe(300_000)
  }
  expect(await metric(host, 'warmslot_host_workers_replaced_total')).toBe(0)
})

it('endless loops and guests without memory beside others', async () => {
  await using host = await startHost()
  await host.put('good', command)
  await host.put('bad', command, { timeLimitMs: 50, memoryBytes: 1_048_576 })
  await host.put('full', command, { memoryBytes: 1_048_576 })
  await using load = new Load(host, 6)
  const bad = Array.from({ length: 30 }, async (_, index) =>
    codeOf(await (index % 2 === 0 ? host.run('bad', 'loop') : host.run('full', 'grow'))),
  )
  for (const [index, found] of (await Promise.all(bad)).entries())
    expect(found).toEqual(index % 2 === 0 ? [504, 'WARMSLOT_TIME_LIMIT'] : [500, 'WARMSLOT_GUEST_TRAPPED'])
  await sleep(300)
  await load.end()
  expect(load.wrong).toEqual([])
  expect(load.answered).toBeGreaterThan(20)
  expect(await metric(host, 'warmslot_host_workers_replaced_total')).toBe(0)
})

it('clients that are gone in the middle of their body, or while they wait', async () => {
  await using host = await startHost({ workers: 1 })
  await host.put('good', command)
  await host.put('slow', command, { timeLimitMs: 4_000 })
  const port = host.host.addresses.listen.port
  const half = 'POST /v1/modules/good/run HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf'
  for (let client = 0; client < 20; client += 1) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.write(half, resolve))
    socket.destroy()
  }
  const running = host.run('slow', 'loop')
  await untilRunning(host, 'slow')
  const leaving = new AbortController()
  const waiting = Array.from({ length: 20 }, () =>
    fetch(`${host.data}/v1/modules/slow/run?arg=loop`, { method: 'POST', signal: leaving.signal }).catch(
      () => undefined,
    ),
  )
  await untilMetric(host, 'warmslot_host_requests_waiting', 20)
  leaving.abort()
  await Promise.all(waiting)
  // Before the one that runs has ended: nothing is left to do for them.
  await untilMetric(host, 'warmslot_host_requests_waiting', 0)
  expect(await requestsOf(host, 'slow')).toBe(1)
  expect((await running).status).toBe(504)
  expect(await (await host.run('good', 'echo', 'still here')).text()).toBe('still here')
})

it('pushes back: 429 for one module, 503 for all', async () => {
  await using host = await startHost({ workers: 1, queue: 5 })
  await host.put('one', command, { timeLimitMs: 2_000, queue: 2 })
  await host.put('other', command, { timeLimitMs: 2_000, queue: 100 })
  const first = host.run('one', 'loop')
  await untilRunning(host, 'one')
  const answers = await Promise.all([
    ...Array.from({ length: 5 }, () => host.run('one', 'c')),
    ...Array.from({ length: 10 }, () => host.run('other', 'c')),
  ])
  const statuses = answers.map(({ status }) => status)
  expect(statuses.slice(0, 5).filter((status) => status === 429)).toHaveLength(3)
  expect(statuses.slice(5).filter((status) => status === 503)).toHaveLength(7)
  for (const { status, headers } of answers) if (status !== 200) expect(headers.get('retry-after')).toBe('1')
  await first
})

it('modules are replaced and purged under full load', async () => {
  await using host = await startHost()
  await host.put('good', command)
  expect((await host.put('version-0', numbered(0), { name: 'versions' })).status).toBe(201)
  await using load = new Load(host, 3)
  const seen = new Set<string>()
  const wrong: string[] = []
  const ending = new AbortController()
  const clients = Array.from({ length: 3 }, async () => {
    while (!ending.signal.aborted) {
      const response = await host.run('versions', '')
      const text = await response.text()
      seen.add(text)
      if (response.status !== 200 || !/^\d{8}$/.test(text)) wrong.push(`${response.status} ${text}`)
    }
  })
  for (let version = 1; version <= 40; version += 1) {
    expect((await host.put(`version-${version}`, numbered(version), { name: 'versions' })).status).toBe(201)
    expect(await (await host.run('versions', '')).text()).toBe(String(version).padStart(8, '0'))
    const receipt = await (await host.purge(`version-${version - 1}`)).json()
    expect(receipt).toMatchObject({ complete: true, kernel: { mappings: 0, descriptors: 0 } })
  }
  ending.abort()
  await Promise.all(clients)
  await load.end()
  expect([wrong, load.wrong]).toEqual([[], []])
  expect(seen.size).toBeGreaterThan(20)
})

it('a kernel that cannot be asked is asked again, and no receipt says before that all is gone', async () => {
  await using host = await startHost()
  await host.put('good', command)
  const question = vi.spyOn(PooledModule.prototype, 'kernelTraces')
  question.mockRejectedValueOnce(new Error('EMFILE')).mockResolvedValueOnce({ mappings: 1, descriptors: 0 })
  try {
    expect(await (await host.purge('good')).json()).toMatchObject({ complete: true, attempts: 3 })
    expect(question).toHaveBeenCalledTimes(3)
  } finally {
    question.mockRestore()
  }
})

it('drains: what it has accepted it answers', async () => {
  const host = await startHost({ workers: 1 })
  await host.put('good', command, { timeLimitMs: 300 })
  const running = [host.run('good', 'loop'), host.run('good', 'echo', 'late')]
  await sleep(100)
  await host.host.close()
  expect((await running[0]!).status).toBe(504)
  expect(await (await running[1]!).text()).toBe('late')
  await expect(host.run('good', 'c')).rejects.toThrow()
  expect(await processImageMappings()).toEqual([])
})
