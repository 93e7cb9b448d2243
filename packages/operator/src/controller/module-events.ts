/** Tells, as Events, what a person would ask about: made from how conditions have changed. */
import type { Condition } from '../kubernetes/conditions.ts'
import type { Module } from '../resource/module.ts'
import { waitingForSource } from './living-status.ts'

/** Where Events go; must not throw. */
export interface EventSink {
  record(module: Module, event: ModuleEvent): void
}

export interface ModuleEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
  /** What was being done. */
  readonly action: 'Load' | 'Release'
}

export class ModuleEvents {
  readonly #sink: EventSink

  constructor(sink: EventSink) {
    this.#sink = sink
  }

  tell(before: Module, after: Module): void {
    for (const event of eventsOf(before, after)) this.#sink.record(after, event)
  }
}

function eventsOf(before: Module, after: Module): ModuleEvent[] {
  const changed = (type: string): Condition | undefined => {
    const [was, is] = [before, after].map(({ status }) =>
      status?.conditions?.find((one) => one.type === type),
    )
    return is !== undefined && (was?.status !== is.status || was.reason !== is.reason) ? is : undefined
  }
  if (after.metadata.deletionTimestamp == null) {
    const ready = changed('Ready')
    if (ready === undefined || ['WaitingForHosts', waitingForSource].includes(ready.reason)) return []
    const type = ready.status === 'True' || ready.reason === 'NoHosts' ? 'Normal' : 'Warning'
    return [{ type, reason: ready.reason, note: ready.message, action: 'Load' }]
  }
  const purged = changed('Purged')
  if (purged === undefined) return []
  if (purged.status === 'True') return [...humanWords(after), release('Normal', 'Purged', purged.message)]
  if (purged.reason === 'WaitingForHosts') return [release('Normal', 'Purging', purged.message)]
  return [release('Warning', purged.reason, purged.message)]
}

/** What a human has said of a host, instead of a proof. */
function humanWords({ status }: Module): ModuleEvent[] {
  const pods = (status?.records ?? []).filter(({ reason }) => reason === 'HumanWord').map(({ pod }) => pod)
  if (pods.length === 0) return []
  return [
    release(
      'Warning',
      'ForceReleased',
      `By a human's word, without proof of ${pods.slice(0, 10).join(', ')}.`,
    ),
  ]
}

function release(type: ModuleEvent['type'], reason: string, note: string): ModuleEvent {
  return { type, reason, note, action: 'Release' }
}
