/** A Module's spec as a host's settings, and its name there. */
import { createHash } from 'node:crypto'
import type { Module } from '../resource/module.ts'

/** The query of a host's `PUT`, but for name, digest and owner. What is left out is the host's matter. */
export function hostSettings({ spec }: Module): Record<string, string> {
  const { limits = {}, initialize, warmSlots } = spec
  const values = {
    timeLimitMs: limits.timeMs,
    memoryBytes: limits.memoryBytes,
    concurrency: limits.concurrency,
    queue: limits.queue,
    requestBytes: limits.requestBytes,
    responseBytes: limits.responseBytes,
    initialize,
    warmSlots,
  }
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
}

/** The same for the same settings: 16 hexadecimal digits. */
export function settingsFingerprint(settings: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16)
}

/** Requests find it by this: namespaces have no dots, so no two Modules share one. */
export function hostName({ metadata }: Module): string {
  return `${metadata.namespace}.${metadata.name}`
}

/** On hosts: the Module's own UID at first, since a host takes none twice with a number after it. */
export function hostUID(moduleUID: string, loads: number): string {
  return loads === 0 ? moduleUID : `${moduleUID}.${loads}`
}

/** Of what a host lists: whether it came from this Module. */
export function isOfModule(listedUID: string, moduleUID: string): boolean {
  return listedUID === moduleUID || listedUID.startsWith(`${moduleUID}.`)
}
