/** What proves that a process is gone, and what does not (docs/decisions/19). */
import { describe, expect, it } from 'vitest'
import { readHostPod } from '../src/hosts/host-pod.ts'
import { containerProof } from '../src/proof/container-proof.ts'
import { nodeProof } from '../src/proof/node-proof.ts'
import { provenGone } from '../src/proof/prove.ts'
import { judgeReceipt } from '../src/proof/receipt-proof.ts'
import { successorProof } from '../src/proof/successor-proof.ts'
import { host, pod, record, t0 } from './support/host-records.ts'

const digest = `sha256:${'0'.repeat(64)}`
const terminated = (finishedAt: string | undefined, id = 'containerd://c1'): object => ({
  containerID: id,
  state: {
    terminated: { containerID: id, exitCode: 0, ...(finishedAt === undefined ? {} : { finishedAt }) },
  },
})
const running = (startedAt: string | undefined, id: string): object => ({
  containerID: id,
  state: { running: startedAt === undefined ? {} : { startedAt } },
})

const proofOfContainer = (containerStatus: object): string | undefined =>
  containerProof(record(), readHostPod(pod({ containerStatus })))

describe('a container', () => {
  it.each<[string, object, boolean]>([
    ['that runs', running('2026-01-01T00:00:05Z', 'containerd://c1'), false],
    ['that has terminated after the process was seen', terminated('2026-01-01T00:00:11Z'), true],
    [
      'that has terminated in the second in which the process was seen',
      terminated('2026-01-01T00:00:10Z'),
      true,
    ],
    ['that has terminated, nobody knows when', terminated(undefined), true],
    [
      'that had terminated before the process was seen: the kubelet is late',
      terminated('2026-01-01T00:00:09Z'),
      false,
    ],
    [
      'of another name that has terminated, nobody knows when',
      terminated(undefined, 'containerd://c0'),
      false,
    ],
    ['that was replaced', running('2026-01-01T00:00:12Z', 'containerd://c2'), true],
    ['that was replaced, nobody knows when', running(undefined, 'containerd://c2'), true],
    // The record was written when the kubelet still named the one before: this is the process's own container.
    ['that started before the process was seen', running('2026-01-01T00:00:08Z', 'containerd://c2'), false],
    [
      'that waits to be started again',
      {
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: terminatedBefore('2026-01-01T00:00:11Z'),
      },
      true,
    ],
    [
      'whose predecessor had terminated before the process was seen',
      { state: { waiting: {} }, lastState: terminatedBefore('2026-01-01T00:00:09Z') },
      false,
    ],
    ['of which nothing is said', { state: {} }, false],
  ])('%s', (_, status, isProof) => {
    expect(proofOfContainer(status) !== undefined).toBe(isProof)
  })

  it('that was not known when the record was written proves nothing by running', () => {
    const { containerID: _, ...unknown } = record()
    const status = running('2026-01-01T00:00:12Z', 'containerd://c2')
    expect(containerProof(unknown, readHostPod(pod({ containerStatus: status })))).toBeUndefined()
  })

  it('of another pod, or of no pod, proves nothing', () => {
    const other = readHostPod(pod({ uid: 'pod-b', containerStatus: terminated('2026-01-01T00:00:11Z') }))
    expect(containerProof(record(), other)).toBeUndefined()
    expect(containerProof(record(), undefined)).toBeUndefined()
  })

  it('is not proved gone by the pod’s phase', () => {
    const failed = { ...pod(), status: { ...pod().status, phase: 'Failed' } }
    expect(containerProof(record(), readHostPod(failed))).toBeUndefined()
  })
})

function terminatedBefore(finishedAt: string): object {
  return { terminated: { containerID: 'containerd://c1', exitCode: 137, finishedAt } }
}

const nodeOf = (uid: string, bootID: string): object => ({
  metadata: { uid },
  status: { nodeInfo: { bootID } },
})

describe('a node', () => {
  it.each<[string, object | undefined, boolean]>([
    ['that has booted again', nodeOf('node-uid-a', 'boot-2'), true],
    ['that has not', nodeOf('node-uid-a', 'boot-1'), false],
    ['that is missing', undefined, false],
    ['that was made anew under its name', nodeOf('node-uid-b', 'boot-2'), false],
    ['that does not say', nodeOf('node-uid-a', ''), false],
  ])('%s', (_, found, isProof) => {
    expect(nodeProof(record(), found as never) !== undefined).toBe(isProof)
  })

  it('whose boot was not known proves nothing', () => {
    const { bootID: _, ...unknown } = record()
    expect(nodeProof(unknown, nodeOf('node-uid-a', 'boot-2') as never)).toBeUndefined()
  })
})

describe('a successor', () => {
  const identity = {
    instance: 'instance-2',
    startedAt: '2026-01-01T00:00:10.600Z',
    now: t0,
    podUid: 'pod-a',
  }
  const known = readHostPod(pod())

  it.each<[string, object, boolean]>([
    ['of the same pod', {}, true],
    ['that does not know its pod, while the pod runs', { podUid: undefined }, true],
    ['of another pod, which has the address now', { podUid: 'pod-b' }, false],
    ['that started before', { startedAt: '2026-01-01T00:00:10.400Z' }, false],
    ['that does not say when it started', { startedAt: undefined }, false],
    ['that is the process itself', { instance: 'instance-1' }, false],
  ])('%s', (_, change, isProof) => {
    expect(successorProof(record(), known, { ...identity, ...change }) !== undefined).toBe(isProof)
  })

  it('that does not know its pod proves nothing while that pod is about to go', () => {
    const leaving = readHostPod(pod({ deleting: true }))
    expect(successorProof(record(), leaving, { ...identity, podUid: undefined })).toBeUndefined()
  })

  it('counts only while it answers', () => {
    const answering = { ...host(), identity }
    expect(provenGone(record(), answering, undefined)).toMatchObject({ reason: 'ProcessGone' })
    expect(
      provenGone(record(), { ...answering, failing: { sinceMs: 0, reason: '' } }, undefined),
    ).toBeUndefined()
  })
})

it('who answers is there, whatever kubelets say', () => {
  const node = { metadata: { uid: 'node-uid-a' }, status: { nodeInfo: { bootID: 'boot-2' } } } as never
  const containerStatus = terminated('2026-01-01T00:00:11Z')
  expect(provenGone(record(), host({ containerStatus }), node)).toBeUndefined()
  const failing = host({ containerStatus, failing: 'no answer' })
  expect(provenGone(record(), failing, undefined)).toMatchObject({ reason: 'ProcessGone' })
  expect(provenGone(record(), host({ failing: 'no answer' }), node)).toMatchObject({ reason: 'NodeRebooted' })
})

it('a pod whose object is gone, on a node that is missing, proves nothing', () => {
  expect(provenGone(record(), undefined, undefined)).toBeUndefined()
})

const annotated = (uid: string): object => ({ annotations: { 'warmslot.dev/force-release': uid } })

describe('a human', () => {
  it('is believed about the pod whose UID the annotation has', () => {
    expect(provenGone(record(), host(annotated('pod-a')), undefined)).toMatchObject({ reason: 'HumanWord' })
    expect(provenGone(record(), host(annotated('pod-b')), undefined)).toBeUndefined()
  })
})

describe('a receipt', () => {
  const receipt = {
    uid: 'module-uid',
    digest,
    instance: 'instance-1',
    complete: true,
    kernel: { mappings: 0, descriptors: 0 },
  }

  it('that is complete proves', () => {
    expect(judgeReceipt(record(), digest, receipt, 'instance-1')).toEqual({ proved: true })
  })

  it('takes its process from the answer where it does not say', () => {
    const { instance: _, ...silent } = receipt
    expect(judgeReceipt(record(), digest, silent, 'instance-1').proved).toBe(true)
    expect(judgeReceipt(record(), digest, silent, 'instance-2').proved).toBe(false)
    expect(judgeReceipt(record(), digest, silent, undefined).proved).toBe(false)
  })

  it.each<[string, object]>([
    ['for another module', { uid: 'other' }],
    ['for other bytes', { digest: `sha256:${'1'.repeat(64)}` }],
    ['from another process', { instance: 'instance-2' }],
    ['that says it is not complete', { complete: false }],
    ['that says so in words', { complete: 'true' }],
    ['that contradicts itself: mappings', { kernel: { mappings: 1, descriptors: 0 } }],
    ['that contradicts itself: descriptors', { kernel: { mappings: 0, descriptors: 1 } }],
    ['without the kernel', { kernel: undefined }],
    ['with numbers that are none', { kernel: { mappings: null, descriptors: '0' } }],
    ['that is empty', { uid: undefined, complete: undefined, kernel: null }],
  ])('%s proves nothing', (_, change) => {
    expect(judgeReceipt(record(), digest, { ...receipt, ...change }, 'instance-1')).toMatchObject({
      proved: false,
    })
  })
})
