/**
 * Before all scenarios: the cluster as `examples/kind/run.sh up` makes it, and a way to its API server (`kubectl proxy`: one process
 * instead of one for each look). After them the cluster stays for a look at it, unless `KIND_KEEP=0`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'
import { clusterName, context, moduleNamespace } from './names.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The API server, without a token: `http://127.0.0.1:PORT`. */
    readonly api: string
  }
}

const script = `${import.meta.dirname}/../../examples/kind/run.sh`
const proxyStartMs = 30_000

async function example(step: 'up' | 'down'): Promise<void> {
  const env = { ...process.env, KIND_CLUSTER: clusterName, KIND_WORKERS: '2', KIND_KEEP: '1' }
  const child = spawn(script, [step], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${script} ${step} ended with ${code}: see above`)
}

async function startProxy(): Promise<{ child: ChildProcess; api: string }> {
  const child = spawn('kubectl', ['--context', context, 'proxy', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const signal = AbortSignal.timeout(proxyStartMs)
  for await (const line of createInterface({ input: child.stdout, signal })) {
    const [, address] = /^Starting to serve on (\S+)$/.exec(line) ?? []
    if (address !== undefined) return { child, api: `http://${address}` }
  }
  child.kill()
  throw new Error('kubectl proxy said no address: see above')
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await example('up')
  const { child, api } = await startProxy()
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: moduleNamespace } })
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${api}/api/v1/namespaces`, { method: 'POST', headers, body })
  if (status !== 201 && status !== 409) throw new Error(`namespace ${moduleNamespace}: status ${status}`)
  project.provide('api', api)
  return async () => {
    child.kill()
    if (process.env['KIND_KEEP'] === '0') await example('down')
  }
}
