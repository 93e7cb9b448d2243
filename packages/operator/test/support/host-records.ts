/** Records, pods and hosts for tests, with what a test does not care about filled in. */
import type { V1Pod } from '@kubernetes/client-node'
import type { KnownHost } from '../../src/hosts/host-directory.ts'
import { readHostPod } from '../../src/hosts/host-pod.ts'
import type { HostRecord, Module } from '../../src/resource/module.ts'

export const t0 = '2026-01-01T00:00:10.500Z'

export function record(overrides: Partial<HostRecord> = {}): HostRecord {
  return {
    pod: 'host-a',
    podUID: 'pod-a',
    node: 'node-a',
    nodeUID: 'node-uid-a',
    bootID: 'boot-1',
    containerID: 'containerd://c1',
    instance: 'instance-1',
    aliveAt: t0,
    hostUID: 'module-uid',
    settings: '',
    state: 'Purging',
    since: t0,
    ...overrides,
  }
}

export interface PodFacts {
  readonly uid?: string
  readonly name?: string
  readonly labels?: Record<string, string>
  readonly containerStatus?: object
  readonly deleting?: boolean
  readonly annotations?: Record<string, string>
}

/** As a watch has it: times are text. */
export function pod(facts: PodFacts = {}): V1Pod {
  const {
    uid = 'pod-a',
    name = 'host-a',
    labels = {},
    containerStatus,
    deleting = false,
    annotations = {},
  } = facts
  return {
    metadata: {
      name,
      namespace: 'hosts',
      uid,
      labels,
      annotations,
      ...(deleting ? { deletionTimestamp: t0 } : {}),
    },
    spec: {
      nodeName: 'node-a',
      containers: [{ name: 'host', ports: [{ name: 'admin', containerPort: 8081 }] }],
    },
    status: {
      podIP: '127.0.0.1',
      containerStatuses: [
        {
          name: 'host',
          containerID: 'containerd://c1',
          state: { running: { startedAt: '2026-01-01T00:00:05Z' } },
          lastState: {},
          ...containerStatus,
        },
      ],
    },
  } as unknown as V1Pod
}

export function host(facts: PodFacts & { instance?: string; failing?: string } = {}): KnownHost {
  const { instance = 'instance-1', failing } = facts
  return {
    pod: readHostPod(pod(facts)),
    identity: {
      instance,
      startedAt: '2026-01-01T00:00:05.200Z',
      now: t0,
      podUid: facts.uid ?? 'pod-a',
    },
    failing: failing === undefined ? undefined : { sinceMs: 0, reason: failing },
    modules: new Map(),
    listedAt: undefined,
  }
}

export function module(overrides: Partial<Module> = {}): Module {
  return {
    metadata: { name: 'm', namespace: 'ns', uid: 'module-uid', generation: 1, resourceVersion: '1' },
    spec: { source: { configMap: { name: 'c', key: 'k' } }, digest: `sha256:${'0'.repeat(64)}` },
    ...overrides,
  }
}
