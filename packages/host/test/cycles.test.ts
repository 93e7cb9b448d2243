/**
 * Modules that come and go: what the host's process holds stays the same. The host is a process of its own, so that nothing of the
 * client is counted. `WARMSLOT_HOST_CYCLES=10000` for the long run; the suite makes some hundreds.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { quietMs } from '../src/garbage/garbage-collector.ts'
import { startCli } from './support/cli.ts'
import { numbered } from './support/programs.ts'

const cycles = Number(process.env['WARMSLOT_HOST_CYCLES'] ?? 400)

interface Held {
  readonly residentBytes: number
  readonly descriptors: number
  /** Without pages of JavaScript's heaps and V8's code, which come and go with the work that there is. */
  readonly mappings: number
  readonly memfds: number
}

function held(processId: number): Held {
  const maps = readFileSync(`/proc/${processId}/maps`, 'utf8').split('\n')
  const status = readFileSync(`/proc/${processId}/status`, 'utf8')
  return {
    residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024,
    descriptors: readdirSync(`/proc/${processId}/fd`).length,
    mappings: maps.filter((line) => !/ rw[-x]p .* 0 *$/.test(line)).length,
    memfds: maps.filter((line) => line.includes('memfd:warmslot')).length,
  }
}

it(`${cycles} times loaded, run and purged`, { timeout: 60_000 + cycles * 200 }, async () => {
  const cli = startCli([
    'serve',
    '--workers',
    '2',
    '--slots',
    '8',
    '--listen',
    '127.0.0.1:0',
    '--admin-listen',
    '127.0.0.1:0',
    '--log-level',
    'warn',
  ])
  try {
    const { data, admin } = await cli.ready
    const cycle = async (number: number): Promise<void> => {
      const bytes = numbered(number)
      const digest = createHash('sha256').update(bytes).digest('hex')
      const put = await fetch(`${admin}/v1/modules/module-${number}?digest=sha256:${digest}`, {
        method: 'PUT',
        body: bytes,
      })
      expect(put.status, await put.text()).toBe(201)
      const run = await fetch(`${data}/v1/modules/module-${number}/run`, { method: 'POST' })
      expect(await run.text()).toBe(String(number).padStart(8, '0'))
      const purge = await fetch(`${admin}/v1/modules/module-${number}`, { method: 'DELETE' })
      expect(await purge.json()).toMatchObject({ complete: true })
    }
    /** When it has had a quiet moment, and has used it. */
    const settled = async (): Promise<Held> => {
      await sleep(2 * quietMs)
      let now = held(cli.child.pid!)
      for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 500) {
        await sleep(500)
        const next = held(cli.child.pid!)
        if (next.residentBytes >= now.residentBytes) break
        now = next
      }
      return now
    }
    const warmUp = Math.max(200, cycles / 10)
    for (let number = 0; number < warmUp; number += 1) await cycle(number)
    const before = await settled()
    for (let number = 0; number < cycles; number += 1) await cycle(warmUp + number)
    const after = await settled()
    console.log(`cycles: ${cycles}; before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`)
    expect(after.memfds).toBe(0)
    expect(after.descriptors - before.descriptors).toBeLessThanOrEqual(8)
    expect(after.mappings - before.mappings).toBeLessThan(50)
    // Receipts are kept, some 600 bytes each; the rest is what the allocators keep for later.
    expect(after.residentBytes - before.residentBytes).toBeLessThan(24 * 2 ** 20)
  } finally {
    cli.child.kill('SIGTERM')
    expect((await cli.ended).status).toBe(0)
  }
})
