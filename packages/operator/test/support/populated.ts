/** A Module's spec and status with every field there is: one that is missing here is an error of the compiler. */
import type { ModuleSpec, ModuleStatus } from '../../src/resource/module.ts'

/** Every field required, in lists and maps at least one entry. */
export type Populated<T> = T extends Date
  ? T
  : T extends readonly (infer Item)[]
    ? readonly [Populated<Item>, ...Populated<Item>[]]
    : T extends object
      ? { readonly [Key in keyof T]-?: Populated<Exclude<T[Key], undefined>> }
      : T

export const aDigest: string = `sha256:${'0123456789abcdef'.repeat(4)}`
const aTime = '2026-11-26T08:00:00.123Z'

/** All three sources, of which a Module has one. */
export const populatedSpec: Populated<ModuleSpec> = {
  source: {
    configMap: { name: 'hello', key: 'hello.wasm' },
    http: { url: 'https://modules.example/hello.wasm' },
    oci: { reference: `ghcr.io/example/hello@${aDigest}` },
  },
  digest: aDigest,
  limits: {
    memoryBytes: 2 ** 32,
    timeMs: 500,
    concurrency: 4,
    queue: 10,
    requestBytes: 2 ** 20,
    responseBytes: 2 ** 30,
  },
  initialize: 'once',
  hosts: {
    selector: {
      matchLabels: { tier: 'edge' },
      matchExpressions: [{ key: 'example.com/zone', operator: 'In', values: ['a', 'b'] }],
    },
  },
  warmSlots: 2,
}

export const populatedStatus: Populated<ModuleStatus> = {
  observedGeneration: 3,
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      observedGeneration: 3,
      lastTransitionTime: aTime,
      reason: 'HostUnreachable',
      message: 'Host a-1 does not answer.',
    },
  ],
  hostName: 'default.hello',
  hosts: { desired: 3, available: 2, purged: 1, summary: '2/3' },
  blockers: [
    { host: 'a-1', node: 'node-1', reason: 'HostUnreachable', message: 'It does not answer.', since: aTime },
  ],
  affineSlots: 7,
  residentBytes: 2 ** 40,
  records: [
    {
      pod: 'a-1',
      podUID: '7d1b8f0e-3f5c-4a53-9d53-0d8d2f2f9a11',
      node: 'node-1',
      nodeUID: '1c0f5b8e-98a8-4b5f-8f53-2a3fd9a4ce11',
      bootID: 'f9b2a8a0-5f7e-4b3e-8d6f-4dd7c2f1a911',
      containerID: `containerd://${'0123456789abcdef'.repeat(4)}`,
      instance: '0d8d2f2f-98a8-4b5f-8f53-2a3fd9a4ce11',
      aliveAt: aTime,
      hostUID: 'b1b7c1c6-1c0f-4b5f-8f53-2a3fd9a4ce11.1',
      settings: '0123456789abcdef',
      state: 'Purging',
      since: aTime,
      reason: 'HostUnreachable',
      message: 'It does not answer.',
    },
  ],
  loads: 5,
}
