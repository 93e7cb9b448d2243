/**
 * A cluster in which everything is simulated but the controllers of two operators. Its time is its own, and so is what the controllers
 * read as the date: the same history happens the same way each time.
 */
import { vi } from 'vitest'
import { SimulatedApi, type Stored } from './simulated-api.ts'
import { SimulatedHosts } from './simulated-hosts.ts'
import { SimulatedOperator } from './simulated-operator.ts'
import { moduleUIDs, podUIDs, type Step } from './steps.ts'

const modulePath = (uid: string): string => `/apis/warmslot.dev/v1alpha1/namespaces/ns/modules/${uid}`

/** What decides a history, besides its steps. */
export interface Circumstances {
  /** When what was sent arrives. */
  readonly schedule: (label: string) => Promise<unknown>
  /** Which requests and answers are lost, one after the other. */
  readonly losses: readonly boolean[]
  /** Which looks at a source find no bytes yet. */
  readonly missing: readonly boolean[]
  /** How far the operators' clocks are before the hosts', in milliseconds. */
  readonly skewMs: number
}

/** What histories have come to, so that a test that sees nothing fails. */
export interface Seen {
  released: number
  loads: number
  receipts: number
  gone: number
  awaited: number
}

export class World {
  readonly hosts: SimulatedHosts
  readonly api: SimulatedApi
  readonly operators: SimulatedOperator[] = []
  readonly broken: string[] = []
  isCalm = false
  readonly #schedule: (label: string) => Promise<unknown>
  readonly #losses: Iterator<boolean>
  readonly #missing: Iterator<boolean>
  readonly #seen: Seen
  #processes = 0
  /** Killed; what they sent is still under way. */
  readonly #gone: SimulatedOperator[] = []
  #leader: SimulatedOperator | undefined

  /** `Date` must be vitest's. */
  constructor({ schedule, losses, missing, skewMs }: Circumstances, seen: Seen) {
    this.#schedule = schedule
    this.#losses = losses.values()
    this.#missing = missing.values()
    this.#seen = seen
    this.api = new SimulatedApi((object) => this.#removed(object))
    this.hosts = new SimulatedHosts(this.api, (nowMs) => vi.setSystemTime(nowMs + skewMs))
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
    const hasSource = (): boolean => {
      const isHere = this.isCalm || this.#missing.next().value !== true
      if (!isHere) this.#seen.awaited += 1
      return isHere
    }
    this.#processes += 1
    const name = `operator-${this.#processes}`
    const isLeading = (one: SimulatedOperator): boolean => this.#leader === one
    return new SimulatedOperator(this.api, this.hosts, { name, schedule, isLost, isLeading, hasSource })
  }

  #removed({ metadata, status }: Stored): void {
    if (moduleUIDs.includes(metadata.uid) && !this.isCalm) {
      this.#seen.released += 1
      for (const { state } of status?.records ?? []) this.#seen[state === 'Purged' ? 'receipts' : 'gone'] += 1
    }
    const holders = this.hosts.holders(metadata.uid)
    if (moduleUIDs.includes(metadata.uid) && holders.length > 0)
      this.broken.push(`${metadata.uid} went while ${holders.join()} had it`)
  }
}
