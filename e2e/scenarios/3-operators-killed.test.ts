/** Operators are killed at random, without a chance to tidy up, while Modules come and go: each of them gets its proof all the same. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { helloBytes } from '../cluster/guests.ts'
import {
  callModule,
  createModule,
  deleteModule,
  eventReasons,
  isReadyOn,
  isGone,
} from '../cluster/modules.ts'
import { uniqueName } from '../cluster/names.ts'
import { killPod } from '../cluster/kill-pod.ts'
import { unpauseAllNodes } from '../cluster/nodes.ts'
import { hostsAreReady, operatorPods, operatorsAreReady } from '../cluster/pods.ts'
import { seededRandom } from '../cluster/seeded-random.ts'

/** At least so many of both: where Modules come and go quickly, more of them do. */
const minModules = 20
const minKills = 5
const atOnce = 4
/** Long enough for a new leader now and then (a Lease's 15 s), short enough that few Modules live undisturbed. */
const betweenKillsMs = { from: 4000, to: 20_000 }
/** Several leaders may come and go over one Module. */
const limitMs = 300_000

beforeEach(operatorsAreReady)
afterEach(unpauseAllNodes)
afterEach(operatorsAreReady)

it(`proves ${minModules} Modules and more`, { timeout: 1_800_000 }, async () => {
  const hosts = await hostsAreReady(2)
  const bytes = await helloBytes()
  const seed = Number(process.env['WARMSLOT_E2E_SEED'] || Date.now() % 1_000_000)
  console.log(`WARMSLOT_E2E_SEED=${seed}`)
  const random = seededRandom(seed)
  const over = new AbortController()
  let kills = 0

  async function kill(): Promise<void> {
    while (!over.signal.aborted) {
      const pods = (await operatorPods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      const victim = pods[Math.floor(random() * pods.length)]
      if (victim !== undefined && (await killPod(victim))) kills++
      const { from, to } = betweenKillsMs
      await sleep(from + random() * (to - from), undefined, { signal: over.signal }).catch(() => undefined)
    }
  }

  let next = 0
  const isNotOver = (): boolean => next < minModules || kills < minKills
  async function live(): Promise<void> {
    while (isNotOver()) {
      const number = next++
      const name = uniqueName(`killed-${number}`)
      await createModule(name, bytes, { warmSlots: number % 2 })
      // Every third is deleted while it may still be on its way.
      if (number % 3 === 0) {
        await sleep(random() * 2000)
      } else {
        await isReadyOn(name, 2, limitMs)
        expect(await callModule(name, hosts[number % 2]!)).toEqual({ status: 200, text: 'hello' })
      }
      await deleteModule(name)
      await isGone(name, limitMs)
      expect(await eventReasons(name)).not.toContain('ForceReleased')
    }
  }

  const killer = kill()
  try {
    await Promise.all(Array.from({ length: atOnce }, live))
  } finally {
    over.abort()
    await killer
  }
  console.log(`${next} Modules came and went, ${kills} operators were killed`)
  const after = await hostsAreReady(2)
  expect(after.map(({ metadata }) => metadata.uid).toSorted()).toEqual(
    hosts.map(({ metadata }) => metadata.uid).toSorted(),
  )
})
