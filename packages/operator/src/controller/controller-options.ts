/** What the controllers of a Module's life and of its release work with, and what a call of theirs comes to. */
import type { V1Node } from '@kubernetes/client-node'
import type { HostApi } from '../hosts/host-client.ts'
import type { HostLookup } from '../hosts/host-directory.ts'
import type { PodHolder } from '../hosts/pod-holder.ts'
import type { ApiClient } from '../kubernetes/cluster/api-client.ts'
import type { Module } from '../resource/module.ts'
import type { BackgroundSources } from '../sources/background-sources.ts'
import type { Latest } from './latest.ts'
import type { ModuleEvents } from './module-events.ts'
import type { StatusWriter } from './status-writer.ts'

export interface ModuleControllerOptions {
  readonly cluster: ApiClient
  readonly client: HostApi
  readonly directory: HostLookup
  readonly holder: PodHolder
  readonly sources: Pick<BackgroundSources, 'read'>
  /** Told of a Module that wants no bytes now. @default nobody */
  readonly wantsNoBytes?: (module: Module) => void
  readonly events: ModuleEvents
  readonly latest: Latest<Module>
  readonly status: StatusWriter
  readonly node: (name: string | undefined) => V1Node | undefined
  /** Who puts modules on hosts: what this controller may take away there. @default 'warmslot-operator' */
  readonly owner: string
  /** How long one call waits for hosts to purge, in milliseconds. */
  readonly purgeWaitMs: number
  /** How long the operator's own path must have been well before a host counts as unreachable, in milliseconds. */
  readonly pathGraceMs: number
  /** When the API server answered last, monotonic, in milliseconds; undefined: never. */
  readonly apiAnsweredAtMs: () => number | undefined
}

/** When to look again: when something changes; when its bytes are here, or why not, which somebody will say; after a pause. */
export type Outcome = 'settled' | 'awaited' | 'again'
