/** Objects of the API as they are in JSON: moments are strings there, whatever the types of `@kubernetes/client-node` say. */
import { InvalidOptionError } from './errors/invalid-option-error.ts'

/** A type of `@kubernetes/client-node` as it is in JSON: `AsJson<V1Pod>`. */
export type AsJson<T> = T extends Date
  ? string
  : T extends readonly (infer Element)[]
    ? AsJson<Element>[]
    : T extends object
      ? { [Key in keyof T]: AsJson<T[Key]> }
      : T

/** What is asked of every object here. Types with `Date` (of client-node) fit too: they are not looked into. */
export interface ApiObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ApiObjectMeta
}

export interface ApiObjectMeta {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly creationTimestamp?: string | Date
  readonly deletionTimestamp?: string | Date
}

/** `NAMESPACE/NAME`, or `NAME` of what is in no namespace. */
export type ObjectKey = string

/** @throws InvalidOptionError it has no name */
export function keyOf({ metadata }: ApiObject): ObjectKey {
  if (!metadata?.name) throw new InvalidOptionError('metadata.name', 'there', metadata?.name)
  return joinKey(metadata.namespace, metadata.name)
}

export function joinKey(namespace: string | undefined, name: string): ObjectKey {
  return namespace ? `${namespace}/${name}` : name
}

export function splitKey(key: ObjectKey): { namespace?: string; name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** For messages: `modules demo/hello`. */
export function describeObject(plural: string, object: ApiObject): string {
  return `${plural} ${joinKey(object.metadata?.namespace, object.metadata?.name ?? '(no name)')}`
}
