/**
 * Many Modules on many hosts: that they all are loaded and all go, and what that costs at the API server. With `WARMSLOT_SCALE=full` it is a thousand
 * on fifty hosts.
 */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { modulePath, aModule, createModule } from '../../support/api-server/modules.ts'
import { mustCallApi } from '../../support/api-server/call-api.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { until } from '../../support/until.ts'
import { counter } from '../../support/world/guests.ts'
import { World } from '../../support/world/world.ts'

const isFull = process.env['WARMSLOT_SCALE'] === 'full'
const moduleCount = isFull ? 1_000 : 60
const hostCount = isFull ? 50 : 20
const maxMs = isFull ? 900_000 : 90_000

/** A few at once. */
async function forAll(names: readonly string[], work: (name: string) => Promise<unknown>): Promise<void> {
  const left = [...names]
  const worker = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

describeOnApiServer('many Modules on many hosts', () => {
  it(
    'are all loaded and all released, at a bounded price',
    async () => {
      await using world = await World.create(await sharedApiServer())
      for (let count = 0; count < hostCount; count += 1) (await world.addFake()).host.isRecording = false
      const { operator } = world.operate({ probeMs: 10_000, retryMs: 30_000, hostTimeoutMs: 30_000 })
      const calls = async (): Promise<number> => {
        const { values } = await operator.metrics.requests.get()
        return values.reduce((sum, { value }) => sum + value, 0)
      }
      const bytes = counter(1)
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      // Its ConfigMap is that of all the others.
      await world.createModule('first', bytes)
      await world.untilReady('first')
      const spec = { source: { configMap: { name: 'first', key: 'module.wasm' } }, digest }
      const names = Array.from({ length: moduleCount }, (_, index) => `m${index}`)

      const begun = { ms: performance.now(), calls: await calls() }
      await forAll(names, (name) => createModule(world.server, world.namespace, aModule(name, spec)))
      await until('all are ready', () => world.ready === moduleCount + 1, maxMs)
      const loaded = { ms: performance.now(), calls: await calls() }
      for (const { host } of world.fakes) expect(host.modules.size).toBe(moduleCount + 1)

      await forAll(['first', ...names], (name) =>
        mustCallApi(world.server, modulePath(world.namespace, name), { method: 'DELETE' }),
      )
      await until('all have gone', () => world.gone === moduleCount + 1, maxMs)
      const released = { ms: performance.now(), calls: await calls() }
      for (const { host } of world.fakes) expect(host.modules.size).toBe(0)

      const load = {
        seconds: (loaded.ms - begun.ms) / 1_000,
        calls: (loaded.calls - begun.calls) / moduleCount,
      }
      const release = {
        seconds: (released.ms - loaded.ms) / 1_000,
        calls: (released.calls - loaded.calls) / (moduleCount + 1),
      }
      const text = ({ seconds, calls: each }: typeof load): string =>
        `${seconds.toFixed(1)} s, ${each.toFixed(1)} requests to the API server each`
      console.info(
        `${moduleCount} Modules on ${hostCount} hosts: loaded in ${text(load)}; released in ${text(release)}`,
      )
      // Finalizer, ledger, status and Event; status, finalizer and Event; and what conflicts with the watch cost.
      expect(load.calls).toBeLessThan(8)
      expect(release.calls).toBeLessThan(8)
    },
    3 * maxMs,
  )
})
