/** Modules of the scenarios: made, looked at, called, deleted, and held against the nodes' kernels when they are gone. */
import { createHash } from 'node:crypto'
import type { Module, ModuleSpec } from '@warmslot/operator'
import { create, get, list, remove } from './api.ts'
import { mappingsOf } from './mappings.ts'
import { moduleNamespace, systemNamespace } from './names.ts'
import type { Pod } from './pods.ts'
import { NotYet, waitFor } from './wait-for.ts'
import { inject } from 'vitest'

const modules = `/apis/warmslot.dev/v1alpha1/namespaces/${moduleNamespace}/modules`
const configMaps = `/api/v1/namespaces/${moduleNamespace}/configmaps`
const events = `/api/v1/namespaces/${moduleNamespace}/events`

export function modulePath(name: string): string {
  return `${modules}/${name}`
}

/** With a ConfigMap of its name. */
export async function createModule(
  name: string,
  bytes: Uint8Array,
  settings: Omit<ModuleSpec, 'source' | 'digest'> = {},
): Promise<void> {
  await create(configMaps, {
    metadata: { name },
    binaryData: { 'module.wasm': Buffer.from(bytes).toString('base64') },
  })
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const spec: ModuleSpec = { ...settings, digest, source: { configMap: { name, key: 'module.wasm' } } }
  await create(modules, { apiVersion: 'warmslot.dev/v1alpha1', kind: 'Module', metadata: { name }, spec })
}

export async function moduleIs(name: string): Promise<Module | undefined> {
  return get<Module>(modulePath(name))
}

/** In a line, for who waits in vain. */
export function describeModule(module: Module | undefined): string {
  if (module === undefined) return 'no such Module'
  const { metadata, status } = module
  const conditions = status?.conditions?.map(
    ({ type, status: value, reason }) => `${type}=${value} (${reason})`,
  )
  const records = status?.records?.map(
    ({ pod, state, reason }) => `${pod} ${state}${reason === undefined ? '' : ` (${reason})`}`,
  )
  const blockers = status?.blockers?.map(({ host, reason, message }) => `${host} ${reason}: ${message}`)
  return [
    metadata.deletionTimestamp === undefined ? 'there' : 'being deleted',
    `hosts ${status?.hosts?.summary}`,
    `conditions ${conditions?.join(', ')}`,
    `records ${records?.join(', ')}`,
    `blockers ${blockers?.join(', ')}`,
  ].join('; ')
}

/** On so many hosts, and on no fewer than are wanted. */
export async function isReadyOn(name: string, hosts: number, limitMs = 120_000): Promise<Module> {
  return waitFor(`Module ${name} to be Ready on ${hosts} hosts`, limitMs, async () => {
    const module = await moduleIs(name)
    const { conditions = [], hosts: counts } = module?.status ?? {}
    const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    const done = ready && counts?.available === hosts && counts.desired === hosts
    return module !== undefined && done ? module : new NotYet(describeModule(module))
  })
}

/** Asks for it, and waits for nothing. */
export async function deleteModule(name: string): Promise<void> {
  await remove(modulePath(name))
}

/** When the object is gone, no process on any node maps the image, at once. */
export async function isGone(name: string, limitMs = 120_000): Promise<void> {
  await waitFor(`Module ${name} to go`, limitMs, async () => {
    const module = await moduleIs(name)
    return module === undefined ? true : new NotYet(describeModule(module))
  })
  const left = await mappingsOf(name)
  if (left.length > 0)
    throw new Error(
      `Module ${name} is gone, but is mapped by ${left.map(({ node, pid }) => `process ${pid} on ${node}`).join(', ')}`,
    )
  await remove(`${configMaps}/${name}`)
}

export interface Answer {
  readonly status: number
  readonly text: string
}

/** Runs it on this host, by way of the API server. */
export async function callModule(name: string, { metadata }: Pod, limitMs = 30_000): Promise<Answer> {
  const host = `/api/v1/namespaces/${systemNamespace}/pods/${metadata.name}:8080/proxy`
  const response = await fetch(`${inject('api')}${host}/v1/modules/${moduleNamespace}.${name}/run`, {
    method: 'POST',
    signal: AbortSignal.timeout(limitMs),
  })
  return { status: response.status, text: await response.text() }
}

/** Reasons of the events that were told about it, the oldest first. */
export async function eventReasons(name: string): Promise<readonly string[]> {
  const selector = encodeURIComponent(`involvedObject.kind=Module,involvedObject.name=${name}`)
  const found = await list<{ reason: string; metadata: { creationTimestamp: string } }>(
    `${events}?fieldSelector=${selector}`,
  )
  return found
    .toSorted((one, other) => one.metadata.creationTimestamp.localeCompare(other.metadata.creationTimestamp))
    .map(({ reason }) => reason)
}
