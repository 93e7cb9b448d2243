/**
 * What an API server keeps, and the rules that controllers rely on: one counter of versions for all, conflicts, uids, finalizers, lists by
 * pages of one moment, and the history that watches begin in. No schema, no rights.
 */
import type { ApiObject, ApiObjectMeta, ApiStatus } from '../../src/index.ts'

export interface StateRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body?: unknown
}

export interface StateAnswer {
  readonly status: number
  readonly body: unknown
}

export interface HistoryEvent {
  readonly revision: number
  readonly collection: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: ApiObject
}

interface Address {
  /** Without the namespace. */
  readonly collection: string
  readonly namespace: string | undefined
  readonly name: string | undefined
}

export type StoredObject = ApiObject & { readonly metadata: ApiObjectMeta }

export class ApiState {
  readonly #objects = new Map<string, StoredObject>()
  readonly #snapshots = new Map<string, { readonly revision: number; readonly items: readonly ApiObject[] }>()
  readonly history: HistoryEvent[] = []
  /** Called with each change. */
  onEvent: (event: HistoryEvent) => void = () => undefined
  /** Versions up to this one are not known any more. */
  compactedTo = 0
  #revision = 100
  #uids = 0

  get revision(): number {
    return this.#revision
  }

  /** Pages that were begun cannot be continued. */
  expirePages(): void {
    this.#snapshots.clear()
  }

  /** Old versions cannot be watched from any more. */
  compact(): void {
    this.compactedTo = this.#revision
  }

  /** As after a restore of a backup. */
  goBackTo(revision: number): void {
    this.#revision = revision
    this.history.splice(0, Infinity, ...this.history.filter((event) => event.revision <= revision))
  }

  answer(request: StateRequest): StateAnswer {
    const address = addressOf(request.path)
    if (address.name !== undefined) return this.#one(address, address.name, request)
    if (request.method === 'GET') return this.#list(address, request.query)
    return this.#create(address, request.body as ApiObject)
  }

  /** Whether an event belongs to a watch of this path. */
  static covers(path: string, { collection, object }: HistoryEvent): boolean {
    const address = addressOf(path)
    return (
      address.collection === collection &&
      (address.namespace ?? object.metadata?.namespace) === object.metadata?.namespace
    )
  }

  /** Creates or replaces, whatever is there. */
  put(path: string, object: ApiObject): StoredObject {
    const { collection, namespace } = addressOf(path)
    const key = keyOf(collection, namespace ?? object.metadata?.namespace, object.metadata?.name)
    const old = this.#objects.get(key)
    const uid = object.metadata?.uid ?? old?.metadata.uid ?? this.#newUID()
    return this.#store(collection, key, { ...object, metadata: { ...object.metadata, uid } }, old)
  }

  remove(path: string, namespace: string | undefined, name: string): void {
    const { collection } = addressOf(path)
    const key = keyOf(collection, namespace, name)
    const old = this.#objects.get(key)
    if (old !== undefined) this.#gone(collection, key, old)
  }

  get(path: string): StoredObject | undefined {
    const { collection, namespace, name } = addressOf(path)
    return this.#objects.get(keyOf(collection, namespace, name))
  }

  list(path: string): ApiObject[] {
    const { collection, namespace } = addressOf(path)
    const prefix = `${collection}|${namespace === undefined ? '' : `${namespace}/`}`
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object)
  }

  #list({ collection, namespace }: Address, query: URLSearchParams): StateAnswer {
    const limit = Number(query.get('limit') ?? 0)
    const token = query.get('continue')
    const path = namespace === undefined ? collection : withNamespace(collection, namespace)
    const snapshot =
      token === null ? { revision: this.#revision, items: this.list(path) } : this.#snapshots.get(token)
    if (snapshot === undefined) return refuse(410, 'Expired', 'The provided continue parameter is too old')
    const { revision, items } = snapshot
    const page = limit === 0 ? items : items.slice(0, limit)
    const rest = items.slice(page.length)
    const metadata: Record<string, unknown> = { resourceVersion: String(revision) }
    if (rest.length > 0) {
      const next = `${revision}-${rest.length}-${this.#snapshots.size}`
      this.#snapshots.set(next, { revision, items: rest })
      metadata['continue'] = next
    }
    return { status: 200, body: { kind: 'List', apiVersion: 'v1', metadata, items: page } }
  }

  #create({ collection, namespace }: Address, object: ApiObject): StateAnswer {
    const key = keyOf(collection, namespace, object.metadata?.name)
    if (this.#objects.has(key)) return refuse(409, 'AlreadyExists', `${object.metadata?.name} already exists`)
    const metadata = { ...object.metadata, uid: this.#newUID() }
    return { status: 201, body: this.#store(collection, key, { ...object, metadata }, undefined) }
  }

  #one({ collection, namespace }: Address, name: string, { method, body }: StateRequest): StateAnswer {
    const key = keyOf(collection, namespace, name)
    const old = this.#objects.get(key)
    if (old === undefined) return refuse(404, 'NotFound', `${name} not found`)
    if (method === 'GET') return { status: 200, body: old }
    if (method === 'DELETE')
      return this.#delete(collection, key, old, body as { preconditions?: { uid?: string } })
    const changed = (method === 'PATCH' ? mergePatch(old, body) : body) as StoredObject
    const { resourceVersion, uid } = changed.metadata
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
      return refuse(409, 'Conflict', 'the object has been modified')
    if (uid !== undefined && uid !== old.metadata.uid)
      return refuse(422, 'Invalid', 'metadata.uid: field is immutable')
    const metadata = { ...changed.metadata, uid: old.metadata.uid! }
    const isLast = metadata.deletionTimestamp !== undefined && isEmpty(metadata.finalizers)
    if (isLast) return { status: 200, body: this.#gone(collection, key, { ...changed, metadata }) }
    return { status: 200, body: this.#store(collection, key, { ...changed, metadata }, old) }
  }

  #delete(
    collection: string,
    key: string,
    old: StoredObject,
    body?: { preconditions?: { uid?: string } },
  ): StateAnswer {
    const uid = body?.preconditions?.uid
    if (uid !== undefined && uid !== old.metadata.uid)
      return refuse(409, 'Conflict', 'the UID in the precondition differs')
    if (isEmpty(old.metadata.finalizers)) return { status: 200, body: this.#gone(collection, key, old) }
    const metadata = { ...old.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
    return { status: 200, body: this.#store(collection, key, { ...old, metadata }, old) }
  }

  #store(collection: string, key: string, object: StoredObject, old: StoredObject | undefined): StoredObject {
    this.#revision += 1
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } }
    const isOther = old !== undefined && old.metadata.uid !== stored.metadata.uid
    this.#objects.set(key, stored)
    this.#tell({
      revision: this.#revision,
      collection,
      type: old === undefined || isOther ? 'ADDED' : 'MODIFIED',
      object: stored,
    })
    return stored
  }

  #gone(collection: string, key: string, object: StoredObject): StoredObject {
    this.#revision += 1
    this.#objects.delete(key)
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } }
    this.#tell({ revision: this.#revision, collection, type: 'DELETED', object: last })
    return last
  }

  #tell(event: HistoryEvent): void {
    this.history.push(event)
    this.onEvent(event)
  }

  #newUID(): string {
    this.#uids += 1
    return `uid-${this.#uids}`
  }
}

export function refuse(status: number, reason: string, message: string): StateAnswer {
  return { status, body: statusOf(status, reason, message) }
}

export function statusOf(code: number, reason: string, message: string): ApiStatus {
  return { kind: 'Status', status: 'Failure', code, reason, message }
}

function addressOf(path: string): Address {
  const match =
    /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/status)?$/.exec(
      path,
    )
  if (match === null) throw new Error(`no path of the API: ${path}`)
  const [, root, namespace, plural, name] = match
  return { collection: `${root}/${plural}`, namespace, name: name && decodeURIComponent(name) }
}

function withNamespace(collection: string, namespace: string): string {
  const slash = collection.lastIndexOf('/')
  return `${collection.slice(0, slash)}/namespaces/${namespace}${collection.slice(slash)}`
}

function keyOf(collection: string, namespace: string | undefined, name: string | undefined): string {
  return `${collection}|${namespace ?? ''}/${name ?? ''}`
}

function isEmpty(value: unknown): boolean {
  return !Array.isArray(value) || value.length === 0
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}
