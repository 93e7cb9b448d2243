/**
 * The rule, as a property: whatever happens, in whatever order, no Module's finalizer is removed while some process still has its image; and once
 * all is well again, every deleted Module goes.
 *
 * Two operators work by turns on the real controllers, each with its own late view; one that was stopped past its lease goes on where it
 * was, and what it has sent still arrives. Requests arrive late, are lost on the way there or back; containers die and start again, kubelets tell late, pods are deleted by force, hosts are cut off,
 * busy, or lie; operators are killed anywhere.
 */
import { expect, it } from 'vitest'
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  type Arbitrary,
  nat,
  oneof,
  record,
  scheduler,
  tuple,
} from 'fast-check'
import { SimulatedApi, type Stored } from './simulation/simulated-api.ts'
import { SimulatedHosts } from './simulation/simulated-hosts.ts'
import { SimulatedOperator } from './simulation/simulated-operator.ts'

const modulePath = (uid: string): string => `/apis/warmslot.dev/v1alpha1/namespaces/ns/modules/${uid}`
const moduleUIDs = ['m1', 'm2']
const podUIDs = ['p1', 'p2', 'p3']

type Step =
  | { readonly kind: 'watch' | 'release' | 'kill' | 'lead'; readonly operator: 0 | 1 }
  | { readonly kind: 'probe' | 'reconcile'; readonly operator: 0 | 1; readonly what: number }
  | {
      readonly kind:
        | 'delete'
        | 'kubelet'
        | 'restart'
        | 'crash'
        | 'deletePod'
        | 'cut'
        | 'heal'
        | 'busy'
        | 'lie'
        | 'hide'
        | 'settings'
        | 'time'
      readonly what: number
    }

const operator = constantFrom<(0 | 1)[]>(0, 1)
const what = nat(5)
const step: Arbitrary<Step> = oneof(
  {
    weight: 8,
    arbitrary: record({ kind: constantFrom('watch' as const, 'release' as const), operator }),
  },
  {
    weight: 1,
    arbitrary: record({
      kind: constantFrom('kill' as const, 'lead' as const, 'lead' as const),
      operator,
    }),
  },
  {
    weight: 12,
    arbitrary: record({
      kind: constantFrom('probe' as const, 'reconcile' as const, 'reconcile' as const),
      operator,
      what,
    }),
  },
  {
    weight: 6,
    arbitrary: record({
      kind: constantFrom('kubelet' as const, 'time' as const, 'delete' as const),
      what,
    }),
  },
  {
    weight: 3,
    arbitrary: record({
      kind: constantFrom(
        'restart' as const,
        'crash' as const,
        'deletePod' as const,
        'cut' as const,
        'heal' as const,
        'busy' as const,
        'lie' as const,
        'hide' as const,
        'settings' as const,
      ),
      what,
    }),
  },
)

/** Often what follows begins with Modules that are loaded. */
const loaded: readonly Step[] = [
  { kind: 'watch', operator: 0 },
  ...podUIDs.map((_, index): Step => ({ kind: 'probe', operator: 0, what: index })),
  ...moduleUIDs.map((_, index): Step => ({ kind: 'reconcile', operator: 0, what: index })),
  { kind: 'watch', operator: 0 },
]
const steps: Arbitrary<Step[]> = tuple(boolean(), array(step, { maxLength: 120, size: 'max' })).map(
  ([isLoaded, rest]): Step[] => (isLoaded ? loaded.concat(rest) : rest),
)

/** What the runs have seen, so that a test that sees nothing fails. */
const seen = { released: 0, loads: 0, receipts: 0, gone: 0 }

class World {
  readonly hosts: SimulatedHosts
  readonly api: SimulatedApi
  readonly operators: SimulatedOperator[] = []
  readonly broken: string[] = []
  isCalm = false
  readonly #schedule: (label: string) => Promise<unknown>
  readonly #losses: Iterator<boolean>
  /** Killed; what they sent is still under way. */
  readonly #gone: SimulatedOperator[] = []
  #leader: SimulatedOperator | undefined

  constructor(schedule: (label: string) => Promise<unknown>, losses: readonly boolean[]) {
    this.#schedule = schedule
    this.#losses = losses.values()
    this.api = new SimulatedApi((object) => this.#removed(object))
    this.hosts = new SimulatedHosts(this.api)
    for (const uid of podUIDs) this.hosts.add(uid, `node-${uid}`)
    for (const uid of moduleUIDs) {
      const spec = { source: { http: { url: 'http://x/' } }, digest: 'd' }
      this.api.create(modulePath(uid), { metadata: { name: uid, namespace: 'ns', uid, generation: 1 }, spec })
    }
    this.operators.push(this.#operator(), this.#operator())
    this.#lead(this.operators[0]!)
  }

  async do(one: Step): Promise<void> {
    if ('operator' in one) {
      const acting = this.operators[one.operator]!
      if (one.kind === 'watch') acting.watch()
      else if (one.kind === 'release') await this.#release(acting)
      else if (one.kind === 'lead') this.#lead(acting)
      else if (one.kind === 'probe') await acting.probe(podUIDs[one.what % podUIDs.length]!)
      else if (one.kind === 'reconcile')
        await acting.reconcile(modulePath(moduleUIDs[one.what % moduleUIDs.length]!))
      else {
        acting.kill()
        this.#gone.push(acting)
        const next = this.#operator()
        this.operators[one.operator] = next
        if (this.#leader === acting) this.#lead(next)
      }
      return
    }
    const moduleUID = moduleUIDs[one.what % moduleUIDs.length]!
    const pod = this.hosts.pods.get(podUIDs[one.what % podUIDs.length]!)!
    const { nowMs } = this.hosts
    if (one.kind === 'delete') this.api.delete(modulePath(moduleUID))
    else if (one.kind === 'kubelet') this.hosts.kubelet(pod.uid)
    else if (one.kind === 'time') this.hosts.nowMs += 137 * (one.what + 1) ** 2
    else if (one.kind === 'crash') pod.end(nowMs)
    else if (one.kind === 'restart') {
      pod.end(nowMs)
      // A kubelet starts it some time later.
      this.hosts.nowMs += 50
      pod.start(this.hosts.nowMs)
    } else if (one.kind === 'deletePod') this.api.delete(pod.path)
    else if (one.kind === 'cut') pod.isReachable = false
    else if (one.kind === 'heal') pod.isReachable = true
    else if (one.kind === 'settings')
      this.api.update(modulePath(moduleUID), (module) => ({
        ...module,
        spec: { ...module.spec, limits: { timeMs: one.what + 1 } },
      }))
    else if (pod.process !== undefined) {
      if (one.kind === 'busy') pod.process.busy = 2
      // Who lies in all that it says cannot be found out by asking it.
      else if (one.kind === 'lie') pod.process.isLying = !pod.process.isHiding
      else pod.process.isHiding = !pod.process.isLying
    }
  }

  /** All is well from now on: does every deleted Module go? */
  async settle(): Promise<void> {
    this.isCalm = true
    for (const pod of this.hosts.pods.values()) {
      pod.isReachable = true
      if (pod.process !== undefined) Object.assign(pod.process, { isLying: false, isHiding: false })
    }
    for (const uid of moduleUIDs) this.api.delete(modulePath(uid))
    const one = this.#leader
    for (let round = 0; round < 12; round += 1) {
      this.hosts.nowMs += 5_000
      for (const uid of podUIDs) this.hosts.kubelet(uid)
      one!.watch()
      for (const uid of podUIDs) await one!.probe(uid)
      for (const uid of moduleUIDs) await one!.reconcile(modulePath(uid))
      one!.watch()
      while (one!.hasWork) await one!.release(true)
    }
  }

  /** Its first lists are of what is there now. */
  #lead(one: SimulatedOperator): void {
    this.#leader = one
    one.watch()
  }

  /** Before a pod is let go, what others have sent has had its time, and the watch has brought what came of it. */
  async #release(leader: SimulatedOperator): Promise<void> {
    const isQuiet = [...this.operators, ...this.#gone].every((one) => one === leader || !one.isUnderWay)
    if (isQuiet) leader.watch()
    await leader.release(isQuiet)
  }

  #operator(): SimulatedOperator {
    const isLost = (): boolean => !this.isCalm && this.#losses.next().value === true
    const schedule = (label: string): Promise<unknown> =>
      this.isCalm ? Promise.resolve() : this.#schedule(label)
    return new SimulatedOperator(this.api, this.hosts, schedule, isLost, (one) => this.#leader === one)
  }

  #removed({ metadata, status }: Stored): void {
    if (moduleUIDs.includes(metadata.uid) && !this.isCalm) {
      seen.released += 1
      for (const { state } of status?.records ?? []) seen[state === 'Purged' ? 'receipts' : 'gone'] += 1
    }
    const holders = this.hosts.holders(metadata.uid)
    if (moduleUIDs.includes(metadata.uid) && holders.length > 0)
      this.broken.push(`${metadata.uid} went while ${holders.join()} had it`)
  }
}

it('no finalizer goes while a process has the image, and in the end all go', async () => {
  await assert(
    asyncProperty(scheduler(), steps, array(boolean(), { maxLength: 60 }), async (s, all, losses) => {
      const world = new World(
        (label) => s.schedule(Promise.resolve(), label),
        losses.map((lost, index) => lost && index % 3 === 0),
      )
      const { done } = s.scheduleSequence(
        all.map((one) => ({ label: JSON.stringify(one), builder: async () => void world.do(one) })),
      )
      void done
      await s.waitIdle()
      seen.loads += [...world.hosts.pods.values()].filter(({ process }) => process?.mapped.size).length
      expect(world.broken).toEqual([])
      await world.settle()
      expect(world.broken).toEqual([])
      const left = [...world.api.objects.values()].filter(({ metadata }) => moduleUIDs.includes(metadata.uid))
      expect(left).toEqual([])
      const held = [...world.api.objects.values()].filter(({ metadata }) => metadata.finalizers?.length)
      expect(held).toEqual([])
    }),
    { numRuns: Number(process.env['WARMSLOT_SIMULATIONS'] ?? 400) },
  )
  // Before all was well again, that is: in the midst of it.
  console.log('simulations:', seen)
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0)
})
