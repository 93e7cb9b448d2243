/** Two operators as processes of their own, one in charge: stopped past its lease, and ended as it should be. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerResponse } from 'node:http'
import type { KubeConfig } from '@kubernetes/client-node'
import { expect, it } from 'vitest'
import { mustCallApi } from '../../support/api-server/call-api.ts'
import { kubeConfigOf } from '../../support/api-server/kube-config.ts'
import { describeOnApiServer, sharedApiServer } from '../../support/api-server/shared-api-server.ts'
import { until } from '../../support/until.ts'
import { Gate } from '../../support/world/gate.ts'
import { counter } from '../../support/world/guests.ts'
import { OperatorProcess } from '../../support/world/operator-process.ts'
import { World } from '../../support/world/world.ts'

class Files implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'warmslot-operator-test-'))

  write(name: string, content: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** @returns one that works in this world, with its own name as its token for hosts */
function operate(
  { namespace }: World,
  files: Files,
  name: string,
  kubeConfig: KubeConfig,
  leaseDurationMs: number,
): OperatorProcess {
  const flags = {
    namespace,
    'module-namespace': namespace,
    identity: name,
    'lease-duration-ms': leaseDurationMs,
    'host-token-file': files.write(`${name}-token`, name),
    'probe-ms': 500,
    'retry-ms': 1_000,
  }
  return OperatorProcess.run(
    Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
    { kubeConfig: files.write(`${name}-config`, kubeConfig.exportConfig()) },
  )
}

async function holder({ server, namespace }: World): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/warmslot-operator`
  return (await mustCallApi(server, path)).spec.holderIdentity
}

describeOnApiServer('of two operators', { concurrent: true }, () => {
  it('one that was stopped past its lease, in mid-load, changes nothing when it goes on, and ends', async () => {
    await using world = await World.create(await sharedApiServer())
    await using gate = await Gate.toApiServer(world.server)
    using files = new Files()
    const { host } = await world.addFake()
    await using first = operate(world, files, 'first', gate.kubeConfig(world.server), 3_000)
    await first.untilSaid('in charge', 30_000)
    await world.createModule('kept', counter(1))
    await world.untilReady('kept')
    // It waits for the host's answer when it is stopped.
    const held: ServerResponse[] = []
    host.lie = ({ method, token }, response) =>
      method === 'PUT' && token === 'first' && held.push(response) > 0
    await world.createModule('hello', counter(2))
    await until('the first one loads it', () => held.length > 0)
    first.signal('SIGSTOP')
    await using second = operate(world, files, 'second', kubeConfigOf(world.server), 3_000)
    await second.untilSaid('in charge', 40_000)
    expect(await holder(world)).toMatch(/^second_/)
    await world.untilReady('hello')
    await world.deleteModule('hello')
    await world.untilGone('hello')
    // What comes now must not be believed any more.
    for (const response of held) host.say(response, 201, {})
    const writes: string[] = []
    gate.judge = ({ method, path }) => {
      if (method !== 'GET' && !path.includes('/leases')) writes.push(`${method} ${path}`)
      return 'pass'
    }
    const before = host.requests.length
    first.signal('SIGCONT')
    expect(await first.ended()).toBe(1)
    expect(writes).toEqual([])
    const late = host.requests
      .slice(before)
      .filter(({ token, method }) => token === 'first' && method !== 'GET')
    expect(late).toEqual([])
    expect(first.lines).toContainEqual(expect.stringMatching(/^warmslot-operator: .*lease/i))
    expect(await holder(world)).toMatch(/^second_/)
    await world.deleteModule('kept')
    await world.untilGone('kept')
  })

  it('one that is told to end gives the lease to the other at once', async () => {
    await using world = await World.create(await sharedApiServer())
    using files = new Files()
    await world.addFake()
    const config = kubeConfigOf(world.server)
    await using first = operate(world, files, 'first', config, 60_000)
    await first.untilSaid('in charge', 30_000)
    await using second = operate(world, files, 'second', config, 60_000)
    await second.untilSaid('another one is in charge', 30_000)
    await world.createModule('hello', counter(1))
    await world.untilReady('hello')
    // It waits to be in charge, and is well.
    expect(await second.get('health', '/readyz')).toMatchObject({ status: 200 })
    const leading = /^leader_election_master_status\{name="warmslot-operator"\} 0$/m
    expect((await second.get('metrics', '/metrics')).text).toMatch(leading)
    first.signal('SIGTERM')
    expect(await first.ended()).toBe(0)
    expect(await holder(world)).toBe('')
    // Its next look is within the time between two looks, long before the lease would have ended.
    await second.untilSaid('in charge', 30_000)
    await world.deleteModule('hello')
    await world.untilGone('hello')
  })
})
