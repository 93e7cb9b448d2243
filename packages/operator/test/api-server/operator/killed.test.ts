/**
 * An operator that is killed after each of its steps, one after the other: each request that changes something, at the API server or at a host,
 * is done once and its answer lost, and nothing more of that process gets through. Whoever comes next has to bring it to an end.
 */
import { expect, it } from 'vitest'
import { moduleFinalizer } from '../../../src/resource/module.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { Gate, type GateRequest } from '../../support/world/gate.ts'
import { counter } from '../../support/world/guests.ts'
import { adminPort } from '../../support/world/host-pod.ts'
import { World } from '../../support/world/world.ts'

const hostPort = 8082

/** A world whose operators reach nothing but through gates. */
class GatedWorld implements AsyncDisposable {
  readonly world: World
  /** What was changed since it was emptied, in words. */
  readonly steps: string[] = []
  /** Kills at this step; never: 0. */
  killAt = 0
  isKilled = false
  /** How often a finalizer was about to be removed. */
  releases = 0
  readonly #api: Gate
  readonly #gates: Gate[]

  private constructor(world: World, api: Gate, hosts: readonly Gate[]) {
    this.world = world
    this.#api = api
    this.#gates = [api, ...hosts]
    for (const gate of this.#gates) gate.judge = (request) => this.#judge(request)
  }

  static async create(): Promise<GatedWorld> {
    const world = await World.create(await sharedApiServer())
    const pods = [await world.addHost({ adminPort: hostPort }), await world.addHost({ adminPort: hostPort })]
    const api = await Gate.toApiServer(world.server)
    const hosts = await Promise.all(pods.map(({ address }) => Gate.toHost(address, adminPort, hostPort)))
    return new GatedWorld(world, api, hosts)
  }

  /** Runs an operator until it is killed, or `isDone`. @returns whether it was killed */
  async run(killAt: number, isDone: () => Promise<boolean>): Promise<boolean> {
    this.steps.length = 0
    this.killAt = killAt
    this.isKilled = false
    for (const gate of this.#gates) gate.open()
    await using _operator = this.world.operate({ purgeWaitMs: 500 }, this.#api.kubeConfig(this.world.server))
    const endMs = performance.now() + 30_000
    while (!this.isKilled && !(await isDone())) {
      if (performance.now() > endMs) throw new Error(`neither killed nor done after ${this.steps.join(', ')}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    this.close()
    return this.isKilled
  }

  close(): void {
    for (const gate of this.#gates) gate.close()
  }

  #judge({ method, path, body }: GateRequest): 'pass' | 'lose' | 'cut' {
    if (this.isKilled) return 'cut'
    const word = stepOf(method, path)
    if (word === undefined) return 'pass'
    if (method === 'PATCH' && word === 'Module' && !body.includes(moduleFinalizer)) this.#checkRelease(path)
    this.steps.push(word)
    if (this.steps.length !== this.killAt) return 'pass'
    this.isKilled = true
    return 'lose'
  }

  /** It is about to go: right then no kernel may have anything of it. */
  #checkRelease(path: string): void {
    this.world.checkUnmapped(path.replace(/^.*\/modules\/([^/?]+).*$/, '$1'))
    this.releases += 1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]()
    await Promise.all(this.#gates.map((gate) => gate[Symbol.asyncDispose]()))
  }
}

/** What a request changes; undefined: nothing that counts. */
function stepOf(method: string, path: string): string | undefined {
  if (method === 'GET' || path.includes('/events')) return undefined
  if (path.startsWith('/v1/modules/')) return `${method} to a host`
  if (path.includes('/pods/')) return 'pod'
  return path.includes('/status') ? 'ledger or status' : 'Module'
}

describeOnApiServer('an operator that is killed', () => {
  it('after any step of loading or releasing: the next one goes on from there', async () => {
    await using gated = await GatedWorld.create()
    const { world } = gated
    const isReady = (name: string) => async () => isTrue(await world.module(name), 'Ready')
    const isGone = (name: string) => async () => (await world.module(name)) === undefined
    const seen: { [phase in 'load' | 'release']: string[] } = { load: [], release: [] }
    for (let n = 1, loads = true, releases = true; loads || releases; n += 1) {
      const name = `m${n}`
      await world.createModule(name, counter(n))
      if (loads) {
        loads = await gated.run(n, isReady(name))
        seen.load = [...gated.steps]
      }
      await gated.run(0, isReady(name))
      for (const { host } of world.hosts)
        expect(host.mappings(`${world.namespace}.${name}`)).toBeGreaterThan(0)
      await world.deleteModule(name)
      if (releases) {
        releases = await gated.run(n, isGone(name))
        seen.release = [...gated.steps]
      }
      await gated.run(0, isGone(name))
      world.checkUnmapped(name)
      expect(n).toBeLessThan(25)
    }
    // The last runs were not killed, so they have done every step there is.
    expect(new Set(seen.load)).toEqual(new Set(['Module', 'pod', 'ledger or status', 'PUT to a host']))
    expect(new Set(seen.release)).toEqual(new Set(['Module', 'pod', 'ledger or status', 'DELETE to a host']))
    expect(gated.releases).toBeGreaterThan(0)
    // Pods are let go once the watch of Modules has brought something: a bookmark, or this one, which no host shall have.
    await world.createModule('other', counter(100), { hosts: { selector: { matchLabels: { no: 'host' } } } })
    let looks = 0
    const isFree = async (): Promise<boolean> => {
      looks += 1
      await world.patchModule('other', { metadata: { labels: { looks: String(looks) } } })
      return (await Promise.all(world.hosts.map((pod) => pod.object()))).every(
        (pod) => !pod.metadata.finalizers,
      )
    }
    expect(await gated.run(0, isFree)).toBe(false)
  })
})

function isTrue(module: Awaited<ReturnType<World['module']>>, type: string): boolean {
  return module?.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
}
