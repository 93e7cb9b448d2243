/** All hosts are replaced, one after the other, while one Module stays, one is being deleted, and one arrives. */
import { afterEach, expect, it } from 'vitest'
import { helloBytes, sleeperBytes } from '../cluster/guests.ts'
import {
  callModule,
  createModule,
  deleteModule,
  eventReasons,
  isReadyOn,
  isGone,
} from '../cluster/modules.ts'
import { context, systemNamespace, uniqueName } from '../cluster/names.ts'
import { unpauseAllNodes } from '../cluster/nodes.ts'
import { hostsAreReady, podIs } from '../cluster/pods.ts'
import { runCommand } from '../cluster/run-command.ts'
import { NotYet, waitFor } from '../cluster/wait-for.ts'

const rollMs = 300_000

async function kubectl(...parameters: string[]): Promise<void> {
  const start = ['--context', context, '--namespace', systemNamespace]
  await runCommand('kubectl', [...start, ...parameters], { timeoutMs: rollMs })
}

afterEach(unpauseAllNodes)

it('serves what stays, proves what goes, and lets the old pods go', async () => {
  const before = await hostsAreReady(2)
  const [staying, leaving, arriving] = ['staying', 'leaving', 'arriving'].map(uniqueName) as [
    string,
    string,
    string,
  ]
  await createModule(staying, await helloBytes(), { warmSlots: 1 })
  await createModule(leaving, await sleeperBytes(6), { limits: { timeMs: 20_000 } })
  await isReadyOn(staying, 2)
  await isReadyOn(leaving, 2)
  const requests = before.map(async (host) => callModule(leaving, host).catch(() => undefined))

  await kubectl('rollout', 'restart', 'daemonset/warmslot-host')
  await deleteModule(leaving)
  await createModule(arriving, await helloBytes())
  const gone = isGone(leaving, rollMs)
  const rolled = kubectl('rollout', 'status', 'daemonset/warmslot-host', `--timeout=${rollMs / 1000}s`)
  await Promise.all([gone, rolled, ...requests])

  const after = await hostsAreReady(2)
  const old = new Set(before.map(({ metadata }) => metadata.uid))
  for (const { metadata } of after) expect(old).not.toContain(metadata.uid)
  for (const pod of before) {
    await waitFor(`the old pod ${pod.metadata.name} to go`, 120_000, async () => {
      const found = await podIs(pod)
      return found === undefined ? true : new NotYet(`held by ${found.metadata.finalizers?.join(', ')}`)
    })
  }
  for (const name of [staying, arriving]) {
    await isReadyOn(name, 2)
    for (const host of after) expect(await callModule(name, host)).toEqual({ status: 200, text: 'hello' })
    await deleteModule(name)
    await isGone(name)
  }
  for (const name of [staying, leaving, arriving])
    expect(await eventReasons(name)).not.toContain('ForceReleased')
})
