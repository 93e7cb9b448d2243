/**
 * One module of this host.
 *
 *     loading ──all workers have it──► ready ──delete()──► draining ──no request is left──► purging ──proved──► purged
 *        └──────── it cannot be used: it is forgotten again                                  ▲    │ not proved yet
 *                                                                                           └────┘
 */
import type { PooledModule } from '@warmslot/engine'
import type { WorkerReceipt } from '../workers/protocol.ts'
import type { ModuleKind } from './module-kind.ts'
import type { ModuleSettings } from './module-settings.ts'

export type ModuleState = 'loading' | 'ready' | 'draining' | 'purging' | 'purged'

/** What a purge hands back: what each worker did, and what the kernel says of the whole process afterwards. */
export interface HostReceipt {
  readonly uid: string
  readonly name: string
  readonly digest: string
  /** Of the host that purged it: see `GET /v1/host`. */
  readonly instance: string
  /** Whether it was here at all. If not, it is kept from coming. */
  readonly loaded: boolean
  /** No mapping and no descriptor of the module's images is left in this process. */
  readonly complete: boolean
  /** Of the whole process, from /proc/self/maps and /proc/self/fd. */
  readonly kernel: { readonly mappings: number; readonly descriptors: number }
  readonly workers: readonly WorkerReceipt[]
  /** How often it was tried; 0 for what was never here. */
  readonly attempts: number
  /** ISO 8601. */
  readonly startedAt: string
  readonly finishedAt: string
  /** From the request to this receipt, waiting for running requests included. */
  readonly durationMs: number
}

/** Who a module is. Two modules may have the same name, never the same UID. */
export interface ModuleIdentity {
  readonly uid: string
  readonly name: string
  readonly digest: string
}

export class HostModule {
  readonly identity: ModuleIdentity
  readonly settings: ModuleSettings
  readonly byteLength: number
  /** Who has put it, in words of their own: so that a controller finds what is its own. */
  readonly owner: string | undefined
  readonly loadedAt: Date = new Date()
  state: ModuleState = 'loading'
  kind: ModuleKind = 'library'
  /** What keeps its images: none until it is compiled; the last one is what workers have. */
  readonly pooled: PooledModule[] = []
  /** Resolves when it is ready, rejects when it cannot be used. */
  loading: Promise<void> = Promise.resolve()
  /** Requests that run or wait. */
  requests = 0
  /** Told when `requests` is 0, while it is draining. */
  drained: (() => void) | undefined
  purge: Promise<HostReceipt> | undefined
  /** Whether it may not come back if it cannot be loaded: somebody has deleted it meanwhile. */
  isUnwanted = false
  /** The last one, also of a purge that is not complete yet. */
  receipt: HostReceipt | undefined

  constructor(identity: ModuleIdentity, settings: ModuleSettings, byteLength: number, owner?: string) {
    this.identity = identity
    this.settings = settings
    this.byteLength = byteLength
    this.owner = owner
  }

  /** A request ended. */
  left(): void {
    this.requests -= 1
    if (this.requests === 0) this.drained?.()
  }
}
