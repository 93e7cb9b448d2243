import { beforeEach, describe, expect, test } from 'vitest'
import {
  EventRecorder,
  type EventRecorderOptions,
  type EventText,
  KubernetesApiError,
  type ObjectReference,
  referenceTo,
} from '../../src/index.ts'
import { ApiState } from '../support/api-state.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { MemoryCluster } from '../support/memory-cluster.ts'

const collection = '/apis/events.k8s.io/v1/events'
const module: ObjectReference = {
  apiVersion: 'example.com/v1',
  kind: 'Module',
  namespace: 'demo',
  name: 'one',
  uid: 'u1',
}
const loaded: EventText = { type: 'Normal', reason: 'Loaded', action: 'Load', note: 'is on 3 hosts' }

let state: ApiState
let clock: ManualClock
let cluster: MemoryCluster
let errors: unknown[]
beforeEach(() => {
  state = new ApiState()
  clock = new ManualClock()
  cluster = new MemoryCluster(state, clock)
  errors = []
})

function onError(error: unknown): void {
  errors.push(error)
  throw new Error('told in vain')
}

function recorder(options: Partial<EventRecorderOptions> = {}): EventRecorder {
  return new EventRecorder({
    cluster,
    controller: 'example.com/operator',
    instance: 'pod-1',
    clock,
    random: () => 0,
    onError,
    ...options,
  })
}

interface Written {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly note: string
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
}

const written = (): Written[] => state.list(collection) as unknown as Written[]

describe('an event', () => {
  test('has what the API asks for', async () => {
    await using events = recorder()
    events.record(module, {
      ...loaded,
      related: { apiVersion: 'v1', kind: 'Pod', namespace: 'demo', name: 'host' },
    })
    await settle()
    expect(written()).toMatchObject([
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { namespace: 'demo', name: expect.stringMatching(/^one\.[0-9a-f]{16}$/) as unknown },
        eventTime: `${clock.date().toISOString().slice(0, -1)}000Z`,
        reportingController: 'example.com/operator',
        reportingInstance: 'pod-1',
        type: 'Normal',
        reason: 'Loaded',
        action: 'Load',
        note: 'is on 3 hosts',
        regarding: module,
        related: { kind: 'Pod', name: 'host' },
      },
    ])
  })

  test('about what is in no namespace is in the default one', async () => {
    await using events = recorder()
    events.record({ apiVersion: 'v1', kind: 'Node', name: 'n' }, loaded)
    await settle()
    expect(written()[0]!.metadata.namespace).toBe('default')
  })

  test('is cut to the limits, between characters', async () => {
    await using events = recorder({ instance: 'i'.repeat(200) })
    events.record(
      { ...module, name: `${'n'.repeat(235)}.-` + 'x'.repeat(20) },
      { ...loaded, note: `a${'€'.repeat(500)}` },
    )
    await settle()
    const [event] = written() as [Written & { reportingInstance: string }]
    expect(Buffer.byteLength(event.note)).toBeLessThanOrEqual(1_024)
    expect(event.note).toBe(`a${'€'.repeat(340)}…`)
    expect(Buffer.byteLength(event.reportingInstance)).toBe(128)
    expect(event.metadata.name).toMatch(/^n{235}\.[0-9a-f]{16}$/)
  })

  test('a reference from an object', () => {
    const object = {
      kind: 'Module',
      apiVersion: 'example.com/v1',
      metadata: { namespace: 'demo', name: 'one', uid: 'u1' },
    }
    expect(referenceTo(object)).toEqual(module)
    expect(referenceTo({ metadata: { name: 'n' } }, { apiVersion: 'v1', kind: 'Node' })).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      name: 'n',
    })
  })
})

describe('the same again', () => {
  test('is counted, and the count is written once a minute at most', async () => {
    await using events = recorder()
    events.record(module, loaded)
    await settle()
    for (let count = 0; count < 10; count += 1) {
      await clock.advance(10_000)
      events.record(module, loaded)
      await settle()
    }
    expect(cluster.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH'])
    expect(written()).toMatchObject([
      { series: { count: 7, lastObservedTime: expect.stringMatching(/\.\d{6}Z$/) as unknown } },
    ])
    await clock.advance(60_000)
    events.record(module, loaded)
    await settle()
    expect(written()).toMatchObject([{ series: { count: 12 } }])
  })

  test('ten minutes after the last is a new one', async () => {
    await using events = recorder()
    events.record(module, loaded)
    await clock.advance(599_999)
    events.record(module, loaded)
    await clock.advance(600_000)
    events.record(module, loaded)
    await settle()
    expect(written().map(({ series }) => series?.count)).toEqual([2, undefined])
  })

  test.each<[string, Partial<ObjectReference>, Partial<EventText>]>([
    ['note', {}, { note: 'other' }],
    ['reason', {}, { reason: 'Other' }],
    ['type', {}, { type: 'Warning' }],
    ['object', { uid: 'u2' }, {}],
  ])('with another %s is another one', async (_name, reference, text) => {
    await using events = recorder()
    events.record(module, loaded)
    events.record({ ...module, ...reference }, { ...loaded, ...text })
    await settle()
    expect(written()).toHaveLength(2)
  })

  test('whose event is not there any more is written anew next time', async () => {
    await using events = recorder()
    events.record(module, loaded)
    await settle()
    state.remove(collection, 'demo', written()[0]!.metadata.name)
    await clock.advance(60_000)
    events.record(module, loaded)
    await settle()
    events.record(module, loaded)
    await settle()
    expect([written().length, events.dropped]).toEqual([1, 1])
  })
})

describe('limits', () => {
  test('an object has 25 at once, and one more each 5 minutes; others have their own', async () => {
    await using events = recorder()
    for (let count = 0; count < 40; count += 1) events.record(module, { ...loaded, note: `${count}` })
    events.record({ ...module, uid: 'u2' }, loaded)
    await settle()
    expect([written().length, events.dropped]).toEqual([26, 15])
    await clock.advance(300_000)
    events.record(module, { ...loaded, note: 'later' })
    events.record(module, { ...loaded, note: 'and more' })
    await settle()
    expect([written().length, events.dropped]).toEqual([27, 16])
  })

  test('what the queue has no room for is dropped, and may come again', async () => {
    await using events = recorder({ maxQueued: 2 })
    for (let count = 0; count < 5; count += 1) events.record(module, { ...loaded, note: `${count}` })
    // The first is being written already.
    expect([events.queued, events.dropped]).toEqual([2, 2])
    await settle()
    events.record(module, { ...loaded, note: '4' })
    await settle()
    expect(written().map(({ note }) => note)).toEqual(['0', '1', '2', '4'])
  })

  test('what is remembered is bounded: the oldest is forgotten', async () => {
    await using events = recorder({ maxRemembered: 2 })
    for (const note of ['a', 'b', 'c', 'a']) events.record(module, { ...loaded, note })
    await settle()
    expect(written().map(({ note }) => note)).toEqual(['a', 'b', 'c', 'a'])
  })
})

describe('failures', () => {
  test('an event that comes at any moment after the last of the queue was written is written, too', async () => {
    for (let turns = 0; turns < 30; turns += 1) {
      await using events = recorder()
      const note = `second ${turns}`
      state.onEvent = async () => {
        state.onEvent = () => undefined
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
        events.record(module, { ...loaded, note })
      }
      events.record({ ...module, uid: `u${turns}` }, loaded)
      await settle()
      expect(written().at(-1)?.note).toBe(note)
    }
  })

  test.each(['refuse', 'lost'] as const)(
    '%s is tried again, later and later, four times in all',
    async (fault) => {
      await using events = recorder()
      cluster.fault = fault
      events.record(module, loaded)
      await settle()
      for (const wait of [500, 1_000, 2_000]) await clock.advance(wait)
      expect([cluster.requests.length, events.dropped, errors.length]).toEqual([4, 1, 1])
      cluster.fault = 'none'
      await clock.advance(60_000)
      events.record(module, loaded)
      await settle()
      expect(written()).toHaveLength(1)
    },
  )

  test('one that was written without an answer is written once', async () => {
    await using events = recorder()
    cluster.fault = 'answerLost'
    events.record(module, loaded)
    await settle()
    cluster.fault = 'none'
    await clock.advance(500)
    expect([written().length, events.dropped]).toEqual([1, 0])
  })

  test('a refusal for good is not tried again', async () => {
    await using events = recorder()
    cluster.script = () => new KubernetesApiError('POST', 403, { reason: 'Forbidden' })
    events.record(module, loaded)
    await settle()
    expect([cluster.requests.length, events.dropped, errors]).toMatchObject([1, 1, [{ status: 403 }]])
  })

  test('an event without a reason, or about nothing, is told, not thrown', async () => {
    await using events = recorder()
    events.record(module, { ...loaded, reason: '' })
    events.record(referenceTo({}), loaded)
    await settle()
    expect([cluster.requests, events.dropped]).toEqual([[], 2])
    expect(errors).toMatchObject([{ code: 'WARMSLOT_INVALID_OPTION' }, { code: 'WARMSLOT_INVALID_OPTION' }])
  })
})

describe('the end', () => {
  test('what is queued is written, nothing more is taken', async () => {
    const events = recorder()
    events.record(module, loaded)
    events.record(module, { ...loaded, note: 'second' })
    await events[Symbol.asyncDispose]()
    events.record(module, { ...loaded, note: 'late' })
    expect(written().map(({ note }) => note)).toEqual(['is on 3 hosts', 'second'])
    expect(clock.pendingMs).toEqual([])
  })

  test.each(['hang', 'refuse'] as const)('it waits 2 seconds at most (%s)', async (fault) => {
    const events = recorder()
    cluster.fault = fault
    events.record(module, loaded)
    events.record(module, { ...loaded, note: 'second' })
    let isDisposed = false
    const disposing = events[Symbol.asyncDispose]().then(() => (isDisposed = true))
    await clock.advance(1_999)
    expect(isDisposed).toBe(false)
    await clock.advance(1)
    await disposing
    expect([events.queued, events.dropped, clock.pendingMs]).toEqual([0, 2, []])
  })
})

test.each([
  [{ controller: '' }, /"controller"/],
  [{ burst: 0 }, /"burst"/],
  [{ flushMs: -1 }, /"flushMs"/],
])('the options %o are refused', (options, message) => {
  expect(() => recorder(options)).toThrow(message)
})
