/** Holding the Pod objects of hosts: what is written, when, and what comes of it where several things happen at once. */
import type { Readable } from 'node:stream'
import type { V1Pod } from '@kubernetes/client-node'
import { beforeEach, expect, it } from 'vitest'
import { PodHolder, termAnnotation } from '../../src/hosts/pod-holder.ts'
import { ApiClient } from '../../src/kubernetes/cluster/api-client.ts'
import type { ApiRequest } from '../../src/kubernetes/cluster/api-request.ts'
import { KubernetesApiError } from '../../src/kubernetes/errors/kubernetes-api-error.ts'
import { podFinalizer } from '../../src/resource/module.ts'
import { settle } from '../support/manual-clock.ts'

interface Metadata {
  readonly finalizers: readonly string[]
  readonly annotations: Readonly<Record<string, string | null>>
  readonly resourceVersion: string
  readonly uid: string
}

/** One pod, `host`, and its API server. */
class OnePod extends ApiClient {
  readonly patches: Metadata[] = []
  /** Refuses the next patch with this status. */
  refusal = 0
  /** Patches wait for it. */
  gate: Promise<void> = Promise.resolve()
  pod: V1Pod = podWith({})

  async request<T>({ body, method, path }: ApiRequest): Promise<T> {
    expect({ method, path }).toEqual({ method: 'PATCH', path: '/api/v1/namespaces/hosts/pods/host' })
    const { metadata } = body as { metadata: Metadata }
    this.patches.push(metadata)
    await this.gate
    const { refusal } = this
    this.refusal = 0
    if (refusal !== 0) throw new KubernetesApiError('PATCH', refusal, { reason: 'Refused' })
    if (metadata.resourceVersion !== this.pod.metadata?.resourceVersion)
      throw new KubernetesApiError('PATCH', 409, { reason: 'Conflict' })
    const annotations = Object.entries({ ...this.pod.metadata.annotations, ...metadata.annotations })
    this.pod = podWith({
      finalizers: [...metadata.finalizers],
      annotations: Object.fromEntries(annotations.filter(([, value]) => value !== null)) as Record<
        string,
        string
      >,
      resourceVersion: String(Number(metadata.resourceVersion) + 1),
    })
    return this.pod as T
  }

  stream(): Promise<Readable> {
    throw new Error('no watches here')
  }
}

function podWith(metadata: V1Pod['metadata']): V1Pod {
  return { metadata: { name: 'host', namespace: 'hosts', uid: 'pod', resourceVersion: '1', ...metadata } }
}

let api: OnePod
/** As the watch has it. */
let seen: V1Pod | undefined
let isNeeded: boolean
let unneeded: string[]
let holder: PodHolder

function newHolder(term: string): PodHolder {
  return new PodHolder(
    api,
    term,
    (uid) => (uid === 'pod' ? seen : undefined),
    () => isNeeded,
    (uid) => unneeded.push(uid),
  )
}

beforeEach(() => {
  api = new OnePod()
  seen = api.pod
  isNeeded = false
  unneeded = []
  holder = newHolder('term-1')
})

it('holds a pod once, beside the finalizers of others, at the version that was seen', async () => {
  api.pod = podWith({ finalizers: ['example.com/other'], resourceVersion: '7' })
  seen = api.pod
  using hold = await holder.hold('pod')
  expect(hold).toBeDefined()
  using again = await holder.hold('pod')
  expect(again).toBeDefined()
  expect(api.patches).toEqual([
    {
      uid: 'pod',
      resourceVersion: '7',
      finalizers: ['example.com/other', podFinalizer],
      annotations: { [termAnnotation]: 'term-1' },
    },
  ])
})

it('holds none that is about to go, is gone, or takes no finalizer any more', async () => {
  expect(await holder.hold('another')).toBeUndefined()
  seen = podWith({ deletionTimestamp: new Date(), finalizers: [podFinalizer] })
  expect(await holder.hold('pod')).toBeUndefined()
  expect(api.patches).toEqual([])
  seen = api.pod
  for (const refusal of [404, 422]) {
    api.refusal = refusal
    expect(await holder.hold('pod')).toBeUndefined()
  }
  // Nothing is held, and whoever lets go is told.
  expect(unneeded).toEqual(['another', 'pod', 'pod', 'pod'])
})

it('throws a conflict, and goes by the watch after it', async () => {
  api.pod = podWith({ resourceVersion: '5' })
  await expect(holder.hold('pod')).rejects.toMatchObject({ status: 409 })
  expect(unneeded).toEqual(['pod'])
  seen = api.pod
  using hold = await holder.hold('pod')
  expect(hold).toBeDefined()
  expect(api.pod.metadata?.finalizers).toEqual([podFinalizer])
})

it('what it has let go is not held because the watch still shows it so', async () => {
  await holder.hold('pod').then((hold) => hold?.[Symbol.dispose]())
  seen = api.pod
  await holder.settle('pod')
  expect(api.pod.metadata?.finalizers).toEqual([])
  // Then the pod goes, and the watch is late.
  for (const refusal of [404, 404, 422]) {
    api.refusal = refusal
    expect(await holder.hold('pod')).toBeUndefined()
  }
  expect(api.patches).toHaveLength(5)
})

it('nor because another write met a conflict', async () => {
  await holder.hold('pod').then((hold) => hold?.[Symbol.dispose]())
  seen = api.pod
  await holder.settle('pod')
  // Somebody else writes something.
  api.pod = podWith({ resourceVersion: '9' })
  for (let attempt = 0; attempt < 2; attempt += 1)
    await expect(holder.hold('pod')).rejects.toMatchObject({ status: 409 })
  seen = api.pod
  using hold = await holder.hold('pod')
  expect(hold).toBeDefined()
  expect(api.pod.metadata?.finalizers).toEqual([podFinalizer])
})

it('lets go what no ledger names, and of its own only', async () => {
  api.pod = podWith({
    finalizers: [podFinalizer, 'example.com/other'],
    annotations: { [termAnnotation]: 'term-0', a: 'b' },
  })
  seen = api.pod
  await holder.settle('pod')
  expect(api.pod.metadata).toMatchObject({ finalizers: ['example.com/other'], annotations: { a: 'b' } })
  expect(api.pod.metadata?.annotations).not.toHaveProperty([termAnnotation])
  seen = api.pod
  await holder.settle('pod')
  expect(api.patches).toHaveLength(1)
})

it('holds what a ledger names though nobody did before', async () => {
  isNeeded = true
  await holder.settle('pod')
  expect(api.pod.metadata?.finalizers).toEqual([podFinalizer])
})

it('lets go none that somebody is about to name', async () => {
  const hold = await holder.hold('pod')
  seen = api.pod
  await holder.settle('pod')
  expect(api.pod.metadata?.finalizers).toEqual([podFinalizer])
  expect(unneeded).toEqual([])
  isNeeded = true
  hold?.[Symbol.dispose]()
  expect(unneeded).toEqual([])
  await holder.settle('pod')
  expect(api.pod.metadata?.finalizers).toEqual([podFinalizer])
  isNeeded = false
  await holder.settle('pod')
  expect(api.pod.metadata?.finalizers).toEqual([])
})

it('tells of a pod that was held for nothing', async () => {
  const holds = [await holder.hold('pod'), await holder.hold('pod')]
  holds[0]?.[Symbol.dispose]()
  expect(unneeded).toEqual([])
  holds[1]?.[Symbol.dispose]()
  expect(unneeded).toEqual(['pod'])
})

it('ends held where a hold comes while a release is under way', async () => {
  api.pod = podWith({ finalizers: [podFinalizer], annotations: { [termAnnotation]: 'term-1' } })
  seen = api.pod
  const { promise, resolve } = Promise.withResolvers<void>()
  api.gate = promise
  const releasing = holder.settle('pod')
  await settle()
  const holding = holder.hold('pod')
  // The watch is late: it shows the pod as it was before the release.
  resolve()
  await releasing
  using hold = await holding
  expect(hold).toBeDefined()
  expect(api.patches.map(({ finalizers }) => finalizers)).toEqual([[], [podFinalizer]])
  expect(api.pod.metadata?.finalizers).toEqual([podFinalizer])
})

it('goes on with the next thing after one that has failed', async () => {
  api.refusal = 500
  const failing = holder.hold('pod')
  const next = holder.hold('pod')
  await expect(failing).rejects.toMatchObject({ status: 500 })
  using hold = await next
  expect(hold).toBeDefined()
})

it('writes its term, so that a release of the one before comes too late', async () => {
  const before = newHolder('term-0')
  const first = await before.hold('pod')
  first?.[Symbol.dispose]()
  seen = api.pod
  const { promise, resolve } = Promise.withResolvers<void>()
  api.gate = promise
  const late = before.settle('pod')
  late.catch(() => undefined)
  await settle()
  api.gate = Promise.resolve()
  using hold = await holder.hold('pod')
  expect(hold).toBeDefined()
  expect(api.pod.metadata?.annotations).toEqual({ [termAnnotation]: 'term-1' })
  resolve()
  await expect(late).rejects.toMatchObject({ status: 409 })
  expect(api.pod.metadata?.finalizers).toEqual([podFinalizer])
})
