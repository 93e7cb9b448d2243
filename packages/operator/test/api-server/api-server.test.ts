/** What tests rely on in `ApiServer`. */
import { CoreV1Api, Watch } from '@kubernetes/client-node'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiServer } from '../support/api-server/api-server.ts'
import { callApi, mustCallApi } from '../support/api-server/call-api.ts'
import { serviceAccountToken } from '../support/api-server/service-account-token.ts'
import { describeOnApiServer } from '../support/api-server/shared-api-server.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const aConfigMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

describeOnApiServer('an API server', () => {
  let server: ApiServer

  beforeAll(async () => {
    server = await ApiServer.start()
  })
  afterAll(async () => {
    await server.stop()
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'has its data, address and users after a restart by %s',
    async (signal) => {
      const name = `before-${signal.toLowerCase()}`
      await mustCallApi(server.address, configMaps, { method: 'POST', body: aConfigMap(name) })
      await mustCallApi(server.address, '/api/v1/namespaces/default/serviceaccounts', {
        method: 'POST',
        body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
      })
      const token = await serviceAccountToken(server.address, 'default', name)
      const before = server.address
      const pids = server.pids
      await server.restart({
        signal,
        whileDown: () => expect(callApi(before, '/readyz')).rejects.toThrow('ECONNREFUSED'),
      })
      expect(server.address).toEqual(before)
      expect(server.pids).not.toEqual(pids)
      expect((await callApi(server.address, `${configMaps}/${name}`)).status).toBe(200)
      const own = await callApi(server.address, configMaps, { token })
      expect([own.status, own.body.message]).toEqual([
        403,
        expect.stringContaining(`system:serviceaccount:default:${name}`),
      ])
    },
  )

  test('ends watches at a restart', async () => {
    await mustCallApi(server.address, configMaps, { method: 'POST', body: aConfigMap('watched') })
    const seen = Promise.withResolvers<void>()
    const done = Promise.withResolvers<void>()
    const watch = new Watch(server.kubeConfig())
    await watch.watch(
      configMaps,
      {},
      () => seen.resolve(),
      () => done.resolve(),
    )
    await seen.promise
    await server.restart()
    await done.promise
  })

  test('answers nothing while it is paused, on connections that it accepts', async () => {
    server.pause()
    try {
      await expect(callApi(server.address, '/readyz', { timeoutMs: 500 })).rejects.toMatchObject({
        cause: { name: 'TimeoutError' },
      })
    } finally {
      server.resume()
    }
    expect((await callApi(server.address, '/readyz')).status).toBe(200)
  })

  test('is reached by the client, as the user of a token', async () => {
    const { items } = await server.kubeConfig().makeApiClient(CoreV1Api).listNamespace()
    expect(items.map(({ metadata }) => metadata?.name)).toContain('default')
    const nobody = server.kubeConfig('no token of anybody').makeApiClient(CoreV1Api)
    await expect(nobody.listNamespace()).rejects.toMatchObject({ code: 401 })
  })

  test('takes a pod by hand, with a status', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const containers = [{ name: 'host', image: 'host' }]
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'host' },
      spec: { nodeName: 'node', containers },
    }
    await mustCallApi(server.address, pods, { method: 'POST', body: pod })
    const status = { phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }
    const { body } = await callApi(server.address, `${pods}/host/status`, {
      method: 'PATCH',
      body: { status },
      contentType: 'application/merge-patch+json',
    })
    expect(body.status).toMatchObject(status)
  })

  test('says what went wrong where it cannot start', async () => {
    await expect(ApiServer.start({ flags: ['--no-such-flag'] })).rejects.toThrow(
      'unknown flag: --no-such-flag',
    )
  })
})

describeOnApiServer('the processes of an API server', () => {
  test('are gone after stop, with their folder, also where it is paused', async () => {
    const server = await ApiServer.start()
    const { pids } = server
    const folder = readlinkSync(`/proc/${pids[0]}/cwd`)
    expect(pids.map(isRunning)).toEqual([true, true])
    expect(existsSync(folder)).toBe(true)
    server.pause()
    await server.stop()
    await server.stop()
    expect(pids.map(isRunning)).toEqual([false, false])
    expect(existsSync(folder)).toBe(false)
  })

  test('are gone when the process that started them is killed, paused or not, and their folder when the next one starts', async () => {
    const program = join(import.meta.dirname, '../support/api-server/run-until-killed.ts')
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve))
    const pids: [etcd: number, apiServer: number] = JSON.parse(line)
    const folder = readlinkSync(`/proc/${pids[0]}/cwd`)
    expect(pids.map(isRunning)).toEqual([true, true])
    process.kill(pids[1], 'SIGSTOP')
    child.kill('SIGKILL')
    await ended
    for (let attempt = 0; attempt < 200 && pids.some(isRunning); attempt++) await wait(50)
    const left = pids.filter(isRunning)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    expect(left).toEqual([])
    await using _next = await ApiServer.start()
    expect(existsSync(folder)).toBe(false)
  })
})

/** A zombie does not run; who reaps it is not known where its parent was killed. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
