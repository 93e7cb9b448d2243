/** Which hosts there are, whether they answer, and whose fault it is where they do not. By a clock of the test. */
import type { V1Pod } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HostAnswerError } from '../../src/errors/host-answer-error.ts'
import { HostUnreachableError } from '../../src/errors/host-unreachable-error.ts'
import type { HostClient } from '../../src/hosts/host-client.ts'
import type { HostIdentity, ListedModule } from '../../src/hosts/host-answers.ts'
import { HostDirectory, isSettled, type KnownHost } from '../../src/hosts/host-directory.ts'
import { provenGone } from '../../src/proof/prove.ts'
import { pod as basePod, record } from '../support/host-records.ts'

const startMs = Date.parse('2026-01-01T00:01:00Z')

/** Hosts by address, and how they answer. */
class Answers {
  readonly asked: string[] = []
  instance = 'instance-1'
  /** When they have started, in milliseconds of the wall clock. */
  startedAtMs: number | undefined = startMs - 60_000
  podUid: string | undefined
  modules: readonly string[] = []
  readonly failing = new Map<string, 'unreachable' | 'nonsense' | 'hanging'>()
  readonly client: HostClient = {
    identify: async (url: string): Promise<HostIdentity> => {
      this.asked.push(url)
      const failing = this.failing.get(url)
      if (failing === 'hanging') await new Promise(() => undefined)
      if (failing === 'unreachable') throw new HostUnreachableError(url, 'cut')
      if (failing === 'nonsense') throw new HostAnswerError(url, 0, undefined, 'nonsense')
      const now = new Date(Date.now()).toISOString()
      const startedAt = this.startedAtMs === undefined ? undefined : new Date(this.startedAtMs).toISOString()
      return { instance: this.instance, startedAt, now, podUid: this.podUid }
    },
    list: async (): Promise<ListedModule[]> =>
      this.modules.map((uid) => ({
        uid,
        name: uid,
        digest: '',
        state: 'ready',
        owner: '',
        affineSlots: 0,
        residentBytes: 0,
      })),
  } as unknown as HostClient
}

function podAt(uid: string, address: string | undefined, facts: object = {}): V1Pod {
  const made = basePod({ uid, name: uid, ...facts })
  return { ...made, status: { ...made.status, podIP: address } } as V1Pod
}

const ended = {
  containerStatus: {
    state: {
      terminated: { exitCode: 0, containerID: 'containerd://c1', finishedAt: '2026-01-01T00:00:12Z' },
    },
  },
}

const urlOf = (address: string): string => `http://${address}:8081`

let answers: Answers
let directory: HostDirectory
let changed: KnownHost[]

beforeEach(() => {
  vi.useFakeTimers({ now: startMs })
  answers = new Answers()
  changed = []
  directory = new HostDirectory({
    client: answers.client,
    changed: (host) => changed.push({ ...host }),
    probeMs: 1_000,
    now: () => Date.now(),
  })
})
afterEach(() => {
  directory[Symbol.dispose]()
  vi.useRealTimers()
})

async function fail(...addresses: readonly string[]): Promise<void> {
  for (const address of addresses) answers.failing.set(urlOf(address), 'unreachable')
  await vi.advanceTimersByTimeAsync(1_000)
}

describe('a host', () => {
  it('is asked when its pod is seen, then at intervals, and nothing is told where nothing has changed', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    expect(answers.asked).toEqual([urlOf('10.0.0.1')])
    expect(directory.get('a')).toMatchObject({ identity: { instance: 'instance-1' }, failing: undefined })
    expect(changed).toHaveLength(2)
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(answers.asked).toHaveLength(6)
    expect(changed).toHaveLength(2)
  })

  it('without an address is not asked', async () => {
    directory.seen(podAt('a', undefined))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(answers.asked).toEqual([])
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    expect(answers.asked).toEqual([urlOf('10.0.0.1')])
  })

  it('whose container has ended is asked once more: that it does not answer lets its kubelet’s word count', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    answers.failing.set(urlOf('10.0.0.1'), 'unreachable')
    answers.asked.length = 0
    directory.seen(podAt('a', '10.0.0.1', ended))
    expect(provenGone(record({ podUID: 'a' }), directory.get('a'), undefined)).toBeUndefined()
    await vi.advanceTimersByTimeAsync(0)
    expect(provenGone(record({ podUID: 'a' }), directory.get('a'), undefined)).toBeDefined()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(answers.asked).toEqual([urlOf('10.0.0.1')])
  })

  it('that is of another pod, which has the address now, does not count as this one', async () => {
    answers.podUid = 'b'
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    expect(directory.get('a')).toMatchObject({
      identity: undefined,
      failing: { reason: expect.stringContaining('another pod') },
    })
    answers.podUid = 'a'
    await vi.advanceTimersByTimeAsync(1_000)
    expect(directory.get('a')).toMatchObject({ identity: { podUid: 'a' }, failing: undefined })
  })

  it('that has other modules, or is another process, is told of', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    const before = changed.length
    answers.modules = ['u']
    await vi.advanceTimersByTimeAsync(1_000)
    expect(changed.length).toBe(before + 1)
    expect([...directory.get('a')!.modules.keys()]).toEqual(['u'])
    answers.instance = 'instance-2'
    await vi.advanceTimersByTimeAsync(1_000)
    expect(changed.at(-1)?.identity?.instance).toBe('instance-2')
  })

  it('that fails is told of once, asked with growing pauses, and its fault counts from its first', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    answers.failing.set(urlOf('10.0.0.1'), 'unreachable')
    const before = changed.length
    await vi.advanceTimersByTimeAsync(1_000)
    expect(directory.get('a')?.failing).toMatchObject({ sinceMs: startMs + 1_000 })
    // Who it was is remembered, since that is what has to be proved gone.
    expect(directory.get('a')?.identity?.instance).toBe('instance-1')
    answers.asked.length = 0
    await vi.advanceTimersByTimeAsync(100 + 200 + 400 + 800 + 1_000 + 1_000)
    expect(answers.asked).toHaveLength(6)
    expect(changed).toHaveLength(before + 1)
    expect(directory.get('a')?.failing?.sinceMs).toBe(startMs + 1_000)
    answers.failing.clear()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(directory.get('a')?.failing).toBeUndefined()
    expect(changed).toHaveLength(before + 2)
    // The next failure begins with a short pause again.
    answers.failing.set(urlOf('10.0.0.1'), 'unreachable')
    await vi.advanceTimersByTimeAsync(1_000)
    answers.asked.length = 0
    await vi.advanceTimersByTimeAsync(100)
    expect(answers.asked).toHaveLength(1)
  })

  it('is asked at once when somebody’s question came to nothing', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    answers.failing.set(urlOf('10.0.0.1'), 'unreachable')
    directory.failed('a')
    await vi.advanceTimersByTimeAsync(0)
    expect(directory.get('a')?.failing).toBeDefined()
    // That it fails is known: the pauses stay.
    answers.asked.length = 0
    directory.failed('a')
    directory.failed('nobody')
    await vi.advanceTimersByTimeAsync(50)
    expect(answers.asked).toEqual([])
  })

  it('whose object is gone is forgotten, also where an answer is under way', async () => {
    answers.failing.set(urlOf('10.0.0.1'), 'hanging')
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    directory.gone('a')
    expect(directory.hosts()).toEqual([])
    expect(changed.at(-1)?.pod.uid).toBe('a')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(answers.asked).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is asked by nobody when the directory has ended', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    directory[Symbol.dispose]()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(answers.asked).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a process', () => {
  it.each<[number | undefined, boolean]>([
    [0, false],
    [2_999, false],
    [3_000, true],
    [-60_000, false],
    [undefined, true],
  ])('that is %s ms old is settled: %s', (ageMs, expected) => {
    const startedAt = ageMs === undefined ? undefined : new Date(startMs - ageMs).toISOString()
    const now = new Date(startMs).toISOString()
    expect(isSettled({ instance: 'i', podUid: undefined, startedAt, now })).toBe(expected)
  })

  it('that is young is told of again when it is settled, not a probe later', async () => {
    answers.startedAtMs = startMs
    directory = new HostDirectory({
      client: answers.client,
      changed: (host) => changed.push({ ...host }),
      probeMs: 600_000,
    })
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(2_900)
    expect(changed.filter(({ identity }) => identity && isSettled(identity))).toEqual([])
    await vi.advanceTimersByTimeAsync(300)
    expect(isSettled(changed.at(-1)!.identity!)).toBe(true)
  })
})

describe('the path to a host that fails', () => {
  const graceMs = 5_000
  it('is well once another host has answered for long enough since then', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    directory.seen(podAt('b', '10.0.0.2'))
    await vi.advanceTimersByTimeAsync(0)
    await fail('10.0.0.1')
    expect(directory.isPathHealthy('a', graceMs, undefined)).toBe(false)
    await vi.advanceTimersByTimeAsync(3_900)
    expect(directory.isPathHealthy('a', graceMs, undefined)).toBe(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(directory.isPathHealthy('a', graceMs, undefined)).toBe(true)
    expect(directory.isPathHealthy('b', graceMs, undefined)).toBe(true)
  })

  it('is not known while all fail, whatever the API server answers', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    directory.seen(podAt('b', '10.0.0.2'))
    await vi.advanceTimersByTimeAsync(0)
    await fail('10.0.0.1', '10.0.0.2')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(directory.isPathHealthy('a', graceMs, Date.now())).toBe(false)
    expect(directory.isPathHealthy('b', graceMs, Date.now())).toBe(false)
  })

  it('of the only host there is, is as well as that to the API server', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    await vi.advanceTimersByTimeAsync(0)
    await fail('10.0.0.1')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(directory.isPathHealthy('a', graceMs, undefined)).toBe(false)
    expect(directory.isPathHealthy('a', graceMs, startMs + 2_000)).toBe(false)
    expect(directory.isPathHealthy('a', graceMs, Date.now())).toBe(true)
  })

  it('of the only host that could answer, too: one whose container has ended could not', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    directory.seen(podAt('b', '10.0.0.2', ended))
    await vi.advanceTimersByTimeAsync(0)
    await fail('10.0.0.1', '10.0.0.2')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(directory.isPathHealthy('a', graceMs, startMs + 2_000)).toBe(false)
    expect(directory.isPathHealthy('a', graceMs, Date.now())).toBe(true)
  })

  it('is well where another one answers nonsense: it is an answer', async () => {
    directory.seen(podAt('a', '10.0.0.1'))
    directory.seen(podAt('b', '10.0.0.2'))
    await vi.advanceTimersByTimeAsync(0)
    answers.failing.set(urlOf('10.0.0.2'), 'nonsense')
    await fail('10.0.0.1')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(directory.isPathHealthy('a', graceMs, undefined)).toBe(true)
  })

  it('is nothing to doubt where there is no address to ask', () => {
    expect(directory.isPathHealthy('nobody', graceMs, undefined)).toBe(true)
  })
})
