/**
 * What the slot map shows, as it goes over the wire: a whole state first, then JSON merge patches to it. The host makes it, the page
 * draws it; this file and `merge-patch.ts` are in both.
 *
 * Everything is keyed by what it is called, so that a change is a patch of a few keys. No value is ever null: that is how a patch
 * says that a key is gone.
 */

/** Source: `SlotViewState` of `@warmslot/pooling`. */
export type SlotState = 'untouched' | 'empty' | 'affine' | 'in-use' | 'queued' | 'retired'

/** One slot. */
export interface MapSlot {
  readonly state: SlotState
  /** UID of the module whose image is mapped here. */
  readonly module?: string
  /** A live instance waits here for the next request of the module. */
  readonly warm: boolean
  /** How often the module found its image mapped here. */
  readonly hits: number
  /** Private memory, in bytes; missing until it has been asked for. */
  readonly residentBytes?: number
}

/** One worker. */
export interface MapWorker {
  /** It has not answered in time: its slots are the last that are known. */
  readonly busy: boolean
  /** UID of the module whose guest keeps it busy. */
  readonly running?: string
  /** By number; a slot that is missing is untouched. */
  readonly slots: Readonly<Record<string, MapSlot>>
}

/** One module that is not purged. */
export interface MapModule {
  readonly name: string
  readonly digest: string
  /** `ModuleState` of the registry. */
  readonly state: string
  /** That run or wait. */
  readonly requests: number
}

/** Everything. */
export interface SlotMapState {
  /** When the host began, ISO 8601: a page that finds another one has another host. */
  readonly startedAt: string
  readonly slotsPerWorker: number
  /** By number. */
  readonly workers: Readonly<Record<string, MapWorker>>
  /** By UID. */
  readonly modules: Readonly<Record<string, MapModule>>
}

/** Names of the stream's events. */
export const wholeEvent = 'state'
export const changesEvent = 'changes'
