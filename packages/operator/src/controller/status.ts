/** Puts a Module's status together, so that what has not changed stays as it is. */
import { type Condition, setCondition } from '../kubernetes/conditions.ts'
import type { Blocker, HostCounts, HostRecord, Module, ModuleStatus } from '../resource/module.ts'
import { hostName } from './module-settings.ts'

export interface ConditionWords {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export type ModuleConditionType = 'Ready' | 'Available' | 'Purged' | 'ReleaseBlocked'

/** From the lists of hosts. */
export interface StatusNumbers {
  readonly affineSlots: number
  readonly residentBytes: number
}

export interface StatusParts {
  readonly records: readonly HostRecord[]
  readonly hosts: HostCounts
  readonly blockers: readonly Blocker[]
  readonly numbers: StatusNumbers
}

export function assembleStatus(
  module: Module,
  { records, hosts, blockers, numbers }: StatusParts,
  words: Readonly<Record<ModuleConditionType, ConditionWords>>,
  now: string,
): ModuleStatus & { readonly conditions: readonly Condition[] } {
  const observedGeneration = module.metadata.generation ?? 0
  let conditions: readonly Condition[] = module.status?.conditions ?? []
  for (const [type, { status, reason, message }] of Object.entries(words))
    conditions = setCondition(
      conditions,
      { type, status, reason, message, observedGeneration },
      new Date(now),
    )
  return {
    observedGeneration,
    conditions,
    hostName: hostName(module),
    hosts,
    blockers,
    ...numbers,
    records,
    loads: module.status?.loads ?? 0,
  }
}
