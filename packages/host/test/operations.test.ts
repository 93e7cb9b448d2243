/** What those see who run a host. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { command } from './support/programs.ts'
import { startHost } from './support/test-host.ts'

it('is alive and ready on both ports, and not ready while it drains', async () => {
  const host = await startHost({ workers: 1 })
  await host.put('slow', command, { timeLimitMs: 1_500 })
  for (const port of [host.data, host.admin]) {
    expect(await (await fetch(`${port}/healthz`)).json()).toEqual({ alive: true })
    expect(await (await fetch(`${port}/readyz`)).json()).toEqual({ ready: true })
  }
  const running = host.run('slow', 'loop')
  // A connection that is open already; new ones are refused.
  const connection = await fetch(`${host.admin}/readyz`)
  await connection.text()
  await sleep(50)
  const closed = host.host.close()
  expect((await running).status).toBe(504)
  await closed
  await expect(fetch(`${host.data}/healthz`)).rejects.toThrow()
})

it('counts what modules do, as long as there are any of the name', async () => {
  await using host = await startHost()
  const metrics = async (): Promise<string> => (await fetch(`${host.admin}/metrics`)).text()
  await host.put('one', command, { name: 'counted' })
  for (let turn = 0; turn < 3; turn += 1) await (await host.run('counted', 'c')).text()
  await (await host.run('counted', 'trap')).text()
  const text = await metrics()
  expect(text).toContain('warmslot_host_guest_runs_total{module="counted",outcome="ok"} 3')
  expect(text).toContain(
    'warmslot_host_guest_runs_total{module="counted",outcome="WARMSLOT_GUEST_TRAPPED"} 1',
  )
  expect(text).toContain('warmslot_host_guest_duration_seconds_count{module="counted"} 4')
  expect(text).toMatch(/warmslot_host_slots\{worker="1",state="untouched"\} \d+/)
  const made = [...text.matchAll(/warmslot_host_instances\{worker="\d",kind="(?:warm|fresh)"\} (\d+)/g)]
  // Each of the two workers has made one when it loaded the module.
  expect(made.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(4 + 2)
  expect(text).toContain('warmslot_host_modules{state="ready"} 1')
  await host.put('two', command, { name: 'counted' })
  await (await host.purge('one')).json()
  expect(await metrics()).toContain('warmslot_host_guest_runs_total{module="counted",outcome="ok"} 3')
  await (await host.purge('two')).json()
  const after = await metrics()
  expect(after).not.toContain('module="counted"')
  expect(after).toContain('warmslot_host_purges_total{complete="true"} 2')
})
