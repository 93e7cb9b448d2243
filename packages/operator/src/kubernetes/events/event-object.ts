/** Events of `events.k8s.io/v1`, as they are in JSON, within the API's limits. */
import { randomBytes } from 'node:crypto'
import type { ApiObject } from '../object.ts'
import { cutBytes } from '../text-limit.ts'
import { microTimestamp } from '../time/timestamp.ts'

/** Which object an event is about. */
export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid?: string
}

export interface EventText {
  readonly type: 'Normal' | 'Warning'
  /** Why, in CamelCase, for programs. Up to 128 characters. */
  readonly reason: string
  /** What was done, or failed, in CamelCase. Up to 128 characters. */
  readonly action: string
  /** For people. Up to 1,024 bytes; what is more is cut. */
  readonly note: string
  /** Another object that has to do with it. */
  readonly related?: ObjectReference
}

export interface EventObject extends ApiObject {
  readonly metadata: { readonly namespace: string; readonly name: string }
  readonly [field: string]: unknown
}

const maxNameLength = 253
const maxWordBytes = 128
const maxNoteBytes = 1_024

/** @param kind lists leave it and the version out of built-in objects */
export function referenceTo(
  { metadata, ...object }: ApiObject,
  kind?: { apiVersion: string; kind: string },
): ObjectReference {
  return {
    apiVersion: kind?.apiVersion ?? object.apiVersion ?? '',
    kind: kind?.kind ?? object.kind ?? '',
    name: metadata?.name ?? '',
    ...(metadata?.namespace && { namespace: metadata.namespace }),
    ...(metadata?.uid && { uid: metadata.uid }),
  }
}

export function eventObject(
  regarding: ObjectReference,
  text: EventText,
  reporter: { readonly controller: string; readonly instance: string },
  now: Date,
): EventObject {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // Events about objects of no namespace are in this one.
    metadata: { namespace: regarding.namespace ?? 'default', name: eventName(regarding.name) },
    eventTime: microTimestamp(now),
    reportingController: reporter.controller,
    reportingInstance: cutBytes(reporter.instance, maxWordBytes),
    action: cutBytes(text.action, maxWordBytes),
    reason: cutBytes(text.reason, maxWordBytes),
    type: text.type,
    note: cutBytes(text.note, maxNoteBytes),
    regarding,
    ...(text.related && { related: text.related }),
  }
}

/** As a DNS subdomain. */
function eventName(objectName: string): string {
  const suffix = randomBytes(8).toString('hex')
  const start = objectName.slice(0, maxNameLength - suffix.length - 1).replace(/[-.]+$/, '')
  return `${start}.${suffix}`
}
