/**
 * The custom resource `modules.warmslot.dev/v1alpha1`, as the API server has it. Its schema is `deploy/crd/modules.yaml`; what is
 * optional here has no default there, unless said.
 */
import type { V1LabelSelector, V1ObjectMeta } from '@kubernetes/client-node'
import type { Condition } from '../kubernetes/conditions.ts'

export const group = 'warmslot.dev'
export const version = 'v1alpha1'
export const plural = 'modules'
export const kind = 'Module'
/** Holds a deleted Module until every host has proved that its memory is gone. */
export const moduleFinalizer: string = `${group}/purge`
/** Holds a host's Pod object, so that its kubelet's last word about the container is not lost. */
export const podFinalizer: string = `${group}/host-memory`
/** A human's word: its value is the UID of the Module that may go without proof. */
export const forceReleaseAnnotation: string = `${group}/force-release`

export interface Module {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: V1ObjectMeta
  readonly spec: ModuleSpec
  readonly status?: ModuleStatus
}

export interface ModuleSpec {
  /** Exactly one of them; immutable. */
  readonly source: ModuleSource
  /** `sha256:` and 64 hexadecimal digits, of the module's bytes; immutable. */
  readonly digest: string
  readonly limits?: ModuleLimits
  /** When a library's `_initialize` runs. @default 'each-request' */
  readonly initialize?: 'each-request' | 'once'
  /** Which hosts, by the labels of their pods. @default all of them */
  readonly hosts?: { readonly selector?: V1LabelSelector }
  /** How many instances each host keeps warm from the start, 0 to 4,096. @default 0 */
  readonly warmSlots?: number
}

export interface ModuleSource {
  /** A key of `binaryData` of a ConfigMap in the Module's namespace. */
  readonly configMap?: { readonly name: string; readonly key: string }
  readonly http?: { readonly url: string }
  /** `REGISTRY/REPOSITORY:TAG` or `REGISTRY/REPOSITORY@sha256:…`, an artifact with one layer of WebAssembly. */
  readonly oci?: { readonly reference: string }
}

/** What a host does where one is left out is the host's matter. */
export interface ModuleLimits {
  /** How large a memory may become, in bytes: a multiple of 65,536, up to 4 GiB. */
  readonly memoryBytes?: number
  /** How long one request may run, in milliseconds. */
  readonly timeMs?: number
  /** How many of its requests may run at once on one host. */
  readonly concurrency?: number
  /** How many may wait on one host. */
  readonly queue?: number
  readonly requestBytes?: number
  readonly responseBytes?: number
}

export interface ModuleStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  /** The name under which hosts serve it: `NAMESPACE.NAME`. */
  readonly hostName?: string
  readonly hosts?: HostCounts
  /** Who keeps a deleted Module from going, the longest-standing first; 10 at most. */
  readonly blockers?: readonly Blocker[]
  /** Slots of all hosts that still map its image, or wait for it. Brought up to date at intervals, where it is a tenth away or more. */
  readonly affineSlots?: number
  /** What its images and their copies take in all hosts. Likewise. */
  readonly residentBytes?: number
  /** Every process that has the module, or may have it: written before it is sent there. 1,000 at most. */
  readonly records?: readonly HostRecord[]
  /** The number in the UID that hosts get next: a host takes none again that it has purged. */
  readonly loads?: number
}

export interface HostCounts {
  readonly desired: number
  readonly available: number
  /** Of a deleted Module: hosts that have proved that it is gone. */
  readonly purged: number
  /** `AVAILABLE/DESIRED`, and `PURGED/ALL purged` of a deleted one: for the column. */
  readonly summary: string
}

export interface Blocker {
  readonly host: string
  readonly node?: string
  readonly reason: string
  readonly message: string
  readonly since: string
}

/** Loading: it may have it. Loaded: it has it. Failed: it said that it cannot. Purging: asked to let go. Purged, Gone: proved. */
export type HostRecordState = 'Loading' | 'Loaded' | 'Failed' | 'Purging' | 'Purged' | 'Gone'

/** One process of a host. */
export interface HostRecord {
  readonly pod: string
  readonly podUID: string
  readonly node?: string
  readonly nodeUID?: string
  readonly bootID?: string
  /** The container that it was seen in. */
  readonly containerID?: string
  /** What the process calls itself: new at each start. */
  readonly instance?: string
  /** When the process was seen alive, by its node's clock. */
  readonly aliveAt?: string
  /** Under which UID the module is there. */
  readonly hostUID: string
  /** A fingerprint of the settings that it was loaded with: others are loaded anew. */
  readonly settings: string
  readonly state: HostRecordState
  /** Since when it is in this state. */
  readonly since: string
  readonly reason?: string
  readonly message?: string
}
