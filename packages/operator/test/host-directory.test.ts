/** Which hosts answer: asked at intervals, and whenever a kubelet says something new. */
import { describe, expect, it, vi } from 'vitest'
import { HostUnreachableError } from '../src/errors/host-unreachable-error.ts'
import type { HostIdentity, ListedModule } from '../src/hosts/host-answers.ts'
import type { HostClient } from '../src/hosts/host-client.ts'
import { HostDirectory } from '../src/hosts/host-directory.ts'
import { provenGone } from '../src/proof/prove.ts'
import { pod, type PodFacts, record } from './support/host-records.ts'

const old: HostIdentity = {
  instance: 'instance-1',
  startedAt: '2026-01-01T00:00:00.000Z',
  now: '2026-01-01T00:00:10.000Z',
  podUid: 'pod-a',
}
const ended = {
  containerStatus: {
    state: {
      terminated: { exitCode: 0, containerID: 'containerd://c1', finishedAt: '2026-01-01T00:00:12Z' },
    },
  },
}

/** A directory whose hosts answer what `answers` says, by their Pods' addresses. */
function directoryOf(answers: Map<string, HostIdentity | Error>): {
  directory: HostDirectory
  changes: string[]
  see: (facts?: PodFacts & { address?: string }) => void
  clock: { nowMs: number }
} {
  const changes: string[] = []
  const clock = { nowMs: 0 }
  const client = {
    async identify(url: string): Promise<HostIdentity> {
      const answer = answers.get(url) ?? new HostUnreachableError(url, 'nobody is there')
      if (answer instanceof Error) throw answer
      return answer
    },
    async list(): Promise<ListedModule[]> {
      return []
    },
  } as unknown as HostClient
  const directory = new HostDirectory({
    client,
    probeMs: 20,
    now: () => clock.nowMs,
    changed: ({ pod: one, failing, identity }) =>
      void changes.push(`${one.uid} ${failing ? 'failing' : (identity?.instance ?? 'new')}`),
  })
  const see = ({ address = '127.0.0.1', ...facts }: PodFacts & { address?: string } = {}): void => {
    const object = pod(facts)
    directory.seen({ ...object, status: { ...object.status, podIP: address } })
  }
  return { directory, changes, see, clock }
}

const urlA = 'http://127.0.0.1:8081'

describe('a host', () => {
  it('is known when it has answered, fails when it does not, and is back when it does', async () => {
    const answers = new Map<string, HostIdentity | Error>([[urlA, old]])
    const { directory, changes, see } = directoryOf(answers)
    using _ = directory
    see()
    await vi.waitFor(() => expect(changes).toEqual(['pod-a new', 'pod-a instance-1']))
    answers.delete(urlA)
    await vi.waitFor(() => expect(changes.at(-1)).toBe('pod-a failing'))
    expect(directory.get('pod-a')?.failing?.reason).toContain('nobody is there')
    answers.set(urlA, { ...old, instance: 'instance-2' })
    await vi.waitFor(() => expect(changes.at(-1)).toBe('pod-a instance-2'))
    expect(directory.get('pod-a')?.failing).toBeUndefined()
    expect(changes).toHaveLength(4)
  })

  it('whose container has terminated is seen not to answer, which lets its kubelet’s word count', async () => {
    const answers = new Map<string, HostIdentity | Error>([[urlA, old]])
    const { directory, see } = directoryOf(answers)
    using _ = directory
    see()
    await vi.waitFor(() => expect(directory.get('pod-a')?.identity).toEqual(old))
    answers.delete(urlA)
    see(ended)
    await vi.waitFor(() => expect(provenGone(record(), directory.get('pod-a'), undefined)).toBeDefined())
  })

  it('that is of another pod, which has the address now, does not count as this one', async () => {
    const { directory, see } = directoryOf(new Map([[urlA, { ...old, podUid: 'pod-b' }]]))
    using _ = directory
    see()
    await vi.waitFor(() => expect(directory.get('pod-a')?.failing?.reason).toContain('another pod'))
    expect(directory.get('pod-a')?.identity).toBeUndefined()
  })

  it('that is young is told of again when it is old enough', async () => {
    const young = { ...old, now: '2026-01-01T00:00:02.900Z' }
    const answers = new Map<string, HostIdentity | Error>([[urlA, young]])
    const { directory, changes, see } = directoryOf(answers)
    using _ = directory
    see()
    await vi.waitFor(() => expect(changes).toEqual(['pod-a new', 'pod-a instance-1']))
    answers.set(urlA, old)
    await vi.waitFor(() => expect(changes).toEqual(['pod-a new', 'pod-a instance-1', 'pod-a instance-1']))
  })

  it('is forgotten with its object', async () => {
    const { directory, changes, see } = directoryOf(new Map([[urlA, old]]))
    using _ = directory
    see()
    await vi.waitFor(() => expect(changes).toHaveLength(2))
    directory.gone('pod-a')
    expect(directory.hosts()).toEqual([])
    expect(changes).toHaveLength(3)
  })
})

describe('the path to a host that fails', () => {
  const urlB = 'http://127.0.0.2:8081'

  it('is well once another host has answered for long enough', async () => {
    const answers = new Map<string, HostIdentity | Error>([[urlB, { ...old, podUid: 'pod-b' }]])
    const { directory, see, clock } = directoryOf(answers)
    using _ = directory
    see()
    see({ uid: 'pod-b', name: 'host-b', address: '127.0.0.2' })
    await vi.waitFor(() => expect(directory.get('pod-a')?.failing).toBeDefined())
    await vi.waitFor(() => expect(directory.get('pod-b')?.identity).toBeDefined())
    expect(directory.isPathHealthy('pod-a', 1_000, undefined)).toBe(false)
    clock.nowMs = 1_001
    await vi.waitFor(() => expect(directory.isPathHealthy('pod-a', 1_000, undefined)).toBe(true))
  })

  it('is not well while all hosts are dark, whatever else answers', async () => {
    const { directory, see, clock } = directoryOf(new Map())
    using _ = directory
    see()
    see({ uid: 'pod-b', name: 'host-b', address: '127.0.0.2' })
    await vi.waitFor(() => expect(directory.hosts().every(({ failing }) => failing)).toBe(true))
    clock.nowMs = 100_000
    expect(directory.isPathHealthy('pod-a', 1_000, 100_000)).toBe(false)
  })

  it('is judged by the API server where there is no other host that could answer', async () => {
    const { directory, see, clock } = directoryOf(new Map())
    using _ = directory
    see()
    see({ uid: 'pod-b', name: 'host-b', address: '127.0.0.2', ...ended })
    await vi.waitFor(() => expect(directory.get('pod-a')?.failing).toBeDefined())
    clock.nowMs = 2_000
    expect(directory.isPathHealthy('pod-a', 1_000, 500)).toBe(false)
    expect(directory.isPathHealthy('pod-a', 1_000, 1_500)).toBe(true)
    expect(directory.isPathHealthy('pod-a', 1_000, undefined)).toBe(false)
  })
})
