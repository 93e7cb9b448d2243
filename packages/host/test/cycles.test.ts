/**
 * Modules that come and go: what the process holds stays the same. `WARMSLOT_HOST_CYCLES=10000` for the long run; the suite makes
 * some hundreds.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { numbered } from './support/programs.ts'
import { startHost } from './support/test-host.ts'

const cycles = Number(process.env['WARMSLOT_HOST_CYCLES'] ?? 400)

interface Held {
  readonly residentBytes: number
  readonly descriptors: number
  /**
   * Without pages of JavaScript's heaps, which grow with the work that there is, up to a limit, and of V8's code, which goes when the
   * garbage is collected.
   */
  readonly mappings: number
  readonly memfds: number
}

async function held(): Promise<Held> {
  // Garbage of both sides of the requests goes first, as far as it goes without a flag.
  await sleep(500)
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n')
  return {
    residentBytes: process.memoryUsage.rss(),
    descriptors: readdirSync('/proc/self/fd').length,
    mappings: maps.filter((line) => !/ rw[-x]p .* 0 *$/.test(line)).length,
    memfds: maps.filter((line) => line.includes('memfd:warmslot')).length,
  }
}

it(`${cycles} times loaded, run and purged`, { timeout: 60_000 + cycles * 200 }, async () => {
  await using host = await startHost()
  const cycle = async (number: number): Promise<void> => {
    const uid = `module-${number}`
    expect((await host.put(uid, numbered(number))).status).toBe(201)
    expect(await (await host.run(uid, '')).text()).toBe(String(number).padStart(8, '0'))
    expect(await (await host.purge(uid)).json()).toMatchObject({ complete: true })
  }
  const warmUp = Math.max(100, cycles / 4)
  for (let number = 0; number < warmUp; number += 1) await cycle(number)
  const before = await held()
  for (let number = 0; number < cycles; number += 1) await cycle(warmUp + number)
  const after = await held()
  console.log(`cycles: ${cycles}; before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`)
  expect(after.memfds).toBe(0)
  expect(after.descriptors - before.descriptors).toBeLessThanOrEqual(8)
  expect(after.mappings - before.mappings).toBeLessThan(50)
  // Of the client, which is in this process as well, and of receipts, which are kept: some kilobytes each.
  expect(after.residentBytes - before.residentBytes).toBeLessThan(120 * 2 ** 20 + cycles * 8 * 2 ** 10)
})
