import { beforeEach, describe, expect, test } from 'vitest'
import { KubernetesApiError, LeaderElector, LeadershipLostError } from '../../src/index.ts'
import { ApiState } from '../support/api-state.ts'
import { advanceAll, Candidate, leasePath } from '../support/candidate.ts'
import { settle } from '../support/manual-clock.ts'

interface Record {
  readonly holderIdentity: string
  readonly leaseTransitions: number
  readonly leaseDurationSeconds: number
  readonly renewTime: string
  readonly acquireTime: string
}

let state: ApiState
beforeEach(() => {
  state = new ApiState()
})

const record = (): Record => (state.get(leasePath) as unknown as { spec: Record }).spec

/** Somebody else writes the record. */
function write(spec: Partial<Record>): void {
  const lease = state.get(leasePath) ?? { metadata: { namespace: 'demo', name: 'operator' } }
  const old = (lease as unknown as { spec?: Record }).spec
  const path = leasePath.slice(0, leasePath.lastIndexOf('/'))
  state.put(path, { ...lease, spec: { ...old, ...spec } } as typeof lease)
}

async function leader(name = 'a', endsAtOnce = true): Promise<Candidate> {
  const candidate = new Candidate(state, name, {}, endsAtOnce)
  await settle()
  expect([candidate.elector.isLeader(), candidate.elector.holder]).toEqual([true, name])
  return candidate
}

describe('taking over', () => {
  test('a lease that is not there is made, and its record is what kubectl and client-go know', async () => {
    const a = await leader()
    expect(state.get(leasePath)).toMatchObject({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' })
    expect(record()).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: record().renewTime,
      renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as unknown,
    })
    expect(a.leadSignal?.aborted).toBe(false)
  })

  test('a holder that renews is left alone for ever, however wrong the wall clocks are', async () => {
    const a = await leader()
    const b = new Candidate(state, 'b')
    write({ renewTime: '1999-01-01T00:00:00.000000Z' })
    await a.clock.run()
    await advanceAll([a, b], 120_000)
    expect([a.elector.isLeader(), b.elector.isLeader(), b.elector.holder]).toEqual([true, false, 'a'])
    expect(record()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 })
  })

  test('a holder that is silent is followed when its time has passed on the follower’s own clock, not before', async () => {
    write({
      holderIdentity: 'dead',
      leaseDurationSeconds: 15,
      renewTime: '1999-01-01T00:00:00.000000Z',
      leaseTransitions: 4,
    })
    const b = new Candidate(state, 'b')
    await settle()
    await b.clock.advance(14_000)
    expect([b.elector.isLeader(), b.elector.holder]).toEqual([false, 'dead'])
    await b.clock.advance(2_000)
    expect([b.elector.isLeader(), b.holders]).toEqual([true, ['dead', 'b']])
    expect(record()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 5 })
  })

  test('a holder that promised a longer time than this one would has it', async () => {
    write({ holderIdentity: 'other', leaseDurationSeconds: 60 })
    const b = new Candidate(state, 'b')
    await b.clock.advance(59_000)
    expect(b.elector.isLeader()).toBe(false)
    await b.clock.advance(2_000)
    expect(b.elector.isLeader()).toBe(true)
  })

  test('each sign of life counts; what others change of the object does not', async () => {
    write({ holderIdentity: 'other', leaseDurationSeconds: 15 })
    const b = new Candidate(state, 'b')
    await b.clock.advance(10_000)
    write({ renewTime: 'changed' })
    await b.clock.advance(10_000)
    state.put(leasePath.slice(0, leasePath.lastIndexOf('/')), {
      ...state.get(leasePath)!,
      metadata: { ...state.get(leasePath)!.metadata, labels: { x: 'y' } },
    })
    // It saw the change 12 seconds after the beginning.
    await b.clock.advance(6_000)
    expect(b.elector.isLeader()).toBe(false)
    await b.clock.advance(2_000)
    expect(b.elector.isLeader()).toBe(true)
  })

  test('of several, one takes over', async () => {
    write({ holderIdentity: 'dead', leaseDurationSeconds: 15 })
    const all = ['a', 'b', 'c'].map((name) => new Candidate(state, name))
    await settle()
    await advanceAll(all, 30_000)
    expect(all.filter(({ elector }) => elector.isLeader())).toHaveLength(1)
    expect(record().leaseTransitions).toBe(1)
  })

  test('a record with the same identity that this process has not written is somebody else’s', async () => {
    write({ holderIdentity: 'a', leaseDurationSeconds: 15 })
    const a = new Candidate(state, 'a')
    await a.clock.advance(14_000)
    expect(a.elector.isLeader()).toBe(false)
    await a.clock.advance(2_000)
    expect(a.elector.isLeader()).toBe(true)
  })

  test('a lease that was taken without an answer is taken up at the next look', async () => {
    const a = new Candidate(state, 'a')
    a.cluster.fault = 'answerLost'
    // The first look fails already, then it is told that there is no lease.
    await settle()
    a.cluster.script = () => {
      a.cluster.fault = 'answerLost'
      return undefined
    }
    a.cluster.fault = 'none'
    await a.clock.advance(2_000)
    expect([a.elector.isLeader(), record().holderIdentity]).toEqual([false, 'a'])
    a.cluster.script = () => undefined
    a.cluster.fault = 'none'
    await a.clock.advance(2_000)
    expect(a.elector.isLeader()).toBe(true)
  })

  test('refusals and a dead network are told and outlasted', async () => {
    const a = new Candidate(state, 'a')
    a.cluster.fault = 'hang'
    await a.clock.advance(60_000)
    a.cluster.fault = 'refuse'
    await a.clock.advance(10_000)
    expect(a.elector.isLeader()).toBe(false)
    expect(a.errors.some((error) => KubernetesApiError.isInstance(error))).toBe(true)
    a.cluster.fault = 'none'
    await a.clock.advance(7_000)
    expect(a.elector.isLeader()).toBe(true)
  })
})

describe('leading', () => {
  test('the lease is renewed by the version that was read', async () => {
    const a = await leader()
    const before = record()
    await a.clock.advance(10_000)
    const renewals = a.cluster.requests.filter(({ method }) => method === 'PUT')
    expect(renewals).toHaveLength(5)
    expect(
      renewals.every(
        ({ body }) =>
          (body as { metadata: { resourceVersion?: string } }).metadata.resourceVersion !== undefined,
      ),
    ).toBe(true)
    expect(record()).toEqual({ ...before, renewTime: record().renewTime })
    expect(record().renewTime).not.toBe(before.renewTime)
  })

  test('who cannot renew leads for 10 seconds from its last renewal, then is told', async () => {
    const a = await leader()
    a.cluster.fault = 'lost'
    await a.clock.advance(9_999)
    expect([a.elector.isLeader(), a.leadSignal!.aborted, a.outcome]).toEqual([true, false, undefined])
    await a.clock.advance(1)
    expect([a.elector.isLeader(), a.leadSignal!.aborted]).toEqual([false, true])
    expect(LeadershipLostError.isInstance((a.outcome as { error: unknown }).error)).toBe(true)
    expect(a.leadSignal!.reason).toBe((a.outcome as { error: unknown }).error)
  })

  test('requests that hang leave time for another try', async () => {
    const a = await leader()
    a.cluster.fault = 'hang'
    await a.clock.advance(2_000)
    a.cluster.fault = 'none'
    await a.clock.advance(30_000)
    expect([a.elector.isLeader(), a.outcome]).toEqual([true, undefined])
  })

  test('a process that was stopped leads no more, before any of its timers has run', async () => {
    const a = await leader()
    a.clock.jump(10_000)
    expect(a.elector.isLeader()).toBe(false)
    expect(a.leadSignal!.aborted).toBe(false)
    await a.clock.run()
    expect(LeadershipLostError.isInstance((a.outcome as { error: unknown }).error)).toBe(true)
  })

  test('a renewal whose answer comes after the deadline does not bring it back', async () => {
    const a = await leader()
    a.cluster.fault = 'late'
    await a.clock.advance(2_000)
    expect(a.cluster.requests.at(-1)!.method).toBe('PUT')
    a.clock.jump(8_000)
    // The answer comes before any timer.
    a.cluster.letLateArrive()
    await settle()
    expect(a.elector.isLeader()).toBe(false)
    expect(LeadershipLostError.isInstance((a.outcome as { error: unknown }).error)).toBe(true)
  })

  test('time counts from when a renewal was sent, not from its answer', async () => {
    const a = await leader()
    await a.clock.advance(1_999)
    a.cluster.fault = 'late'
    await a.clock.advance(1)
    await a.clock.advance(4_000)
    a.cluster.fault = 'lost'
    a.cluster.letLateArrive()
    await settle()
    await a.clock.advance(5_999)
    expect(a.elector.isLeader()).toBe(true)
    await a.clock.advance(1)
    expect(a.elector.isLeader()).toBe(false)
  })

  test('a holder that somebody else became is obeyed at once', async () => {
    const a = await leader()
    write({ holderIdentity: 'b' })
    await a.clock.advance(2_000)
    // The conflict; then it reads.
    await a.clock.advance(2_000)
    expect([a.elector.isLeader(), a.elector.holder]).toEqual([false, 'b'])
    expect((a.outcome as { error: Error }).error.message).toBe('The lease operator is held by b now.')
    expect(record().holderIdentity).toBe('b')
  })

  test.each(['a change by somebody else', 'a lease that was deleted', 'an answer that was lost'])(
    '%s is got over',
    async (what) => {
      const a = await leader()
      if (what.startsWith('a change')) write({})
      else if (what.startsWith('a lease'))
        state.remove(leasePath.slice(0, leasePath.lastIndexOf('/')), 'demo', 'operator')
      else a.cluster.fault = 'answerLost'
      await a.clock.advance(2_000)
      a.cluster.fault = 'none'
      await a.clock.advance(20_000)
      expect([a.elector.isLeader(), a.outcome, record().holderIdentity]).toEqual([true, undefined, 'a'])
    },
  )

  test('lead that ignores its signal is not waited for when the lease is lost', async () => {
    const a = await leader('a', false)
    a.cluster.fault = 'lost'
    await a.clock.advance(10_000)
    expect(LeadershipLostError.isInstance((a.outcome as { error: unknown }).error)).toBe(true)
    a.endLead(new Error('late, and nobody waits'))
    await settle()
  })
})

describe('the end', () => {
  test('stopped in order: it leads until lead has ended, renewing; then the lease is free at once', async () => {
    const a = await leader('a', false)
    const b = new Candidate(state, 'b')
    await settle()
    a.stop()
    await advanceAll([a, b], 30_000)
    expect([a.leadSignal!.aborted, a.elector.isLeader(), b.elector.isLeader(), a.outcome]).toEqual([
      true,
      true,
      false,
      undefined,
    ])
    a.endLead()
    await settle()
    expect([a.outcome, a.elector.isLeader(), record().holderIdentity]).toEqual(['ended', false, ''])
    expect(a.clock.pendingMs).toEqual([])
    await b.clock.advance(2_000)
    expect([b.elector.isLeader(), record().leaseTransitions]).toEqual([true, 1])
  })

  test('what lead throws is thrown, and the lease is free', async () => {
    const a = await leader()
    const error = new Error('lead failed')
    a.endLead(error)
    await settle()
    expect([(a.outcome as { error: unknown }).error, record().holderIdentity]).toEqual([error, ''])
  })

  test('lead that ends by the stop’s own reason is an orderly end', async () => {
    const a = await leader()
    a.stop()
    await settle()
    expect([a.outcome, record().holderIdentity]).toEqual(['ended', ''])
  })

  test('stopped while it waits: it ends, and leaves others alone', async () => {
    write({ holderIdentity: 'other', leaseDurationSeconds: 15 })
    const b = new Candidate(state, 'b')
    await settle()
    b.stop()
    await settle()
    expect([b.outcome, record().holderIdentity, b.leadSignal, b.clock.pendingMs]).toEqual([
      'ended',
      'other',
      undefined,
      [],
    ])
  })

  test('stopped while the lease is being taken: it is given back', async () => {
    const a = new Candidate(state, 'a')
    a.stop()
    await settle()
    expect([a.outcome, record().holderIdentity]).toEqual(['ended', ''])
  })

  test('a release that conflicts with a renewal that arrives late is tried again', async () => {
    const a = await leader('a', false)
    a.cluster.fault = 'late'
    await a.clock.advance(2_000)
    a.cluster.fault = 'none'
    let isFirst = true
    a.cluster.script = ({ method }) => {
      if (method !== 'PUT' || !isFirst) return undefined
      isFirst = false
      write({})
      return undefined
    }
    a.endLead()
    await settle()
    expect([a.outcome, record().holderIdentity]).toEqual(['ended', ''])
  })

  test('a release that fails is told, and ends all the same', async () => {
    const a = await leader()
    a.cluster.fault = 'refuse'
    a.stop()
    await settle()
    expect([a.outcome, a.errors.length, record().holderIdentity, a.elector.isLeader()]).toEqual([
      'ended',
      1,
      'a',
      false,
    ])
  })

  test('one may run again', async () => {
    const a = await leader()
    a.stop()
    await settle()
    const again = new AbortController()
    const run = a.elector.run({ signal: again.signal, lead: async () => undefined })
    await expect(a.elector.run({ signal: again.signal, lead: async () => undefined })).rejects.toThrow(
      /"run"/,
    )
    await run
    expect(record()).toMatchObject({ holderIdentity: '', leaseTransitions: 1 })
  })
})

test.each([
  [{ identity: '' }, /"identity"/],
  [{ retryPeriodMs: 0 }, /"retryPeriodMs"/],
  [{ renewDeadlineMs: 2_400 }, /"renewDeadlineMs" must be above 2400/],
  [{ leaseDurationMs: 10_000 }, /"leaseDurationMs" must be above 10000 \(renewDeadlineMs\)/],
])('the options %o are refused', (options, message) => {
  const rest = { cluster: undefined!, namespace: 'demo', name: 'operator', identity: 'a' }
  expect(() => new LeaderElector({ ...rest, ...options })).toThrow(message)
})
