/** What the other parts need of a Cluster, and calls by resource that are made of it. Tests may extend it with a server of their own. */
import type { Readable } from 'node:stream'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { ApiObject } from '../object.ts'
import { collectionPath, type ObjectName, objectPath, type Resource } from '../resource.ts'
import type { ApiRequest, Query, RequestLimits } from './api-request.ts'

export interface StreamRequest {
  readonly path: string
  readonly query?: Query | undefined
  readonly signal: AbortSignal
  /** Until it begins, in milliseconds. @default the Cluster's */
  readonly timeoutMs?: number | undefined
}

export interface ListQuery extends RequestLimits {
  /** @default all namespaces */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** @default all in one answer */
  readonly limit?: number | undefined
  readonly continue?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined
}

export interface ObjectList<T> {
  readonly items: readonly T[]
  readonly metadata: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
}

export interface Subresource {
  /** Such as `status`. @default the object itself */
  readonly subresource?: string | undefined
}

export interface DeleteOptions extends RequestLimits {
  /** Only this one: 409 otherwise. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
}

export abstract class ApiClient {
  abstract request<T>(request: ApiRequest): Promise<T>
  abstract stream(request: StreamRequest): Promise<Readable>

  get<T extends ApiObject>(
    resource: Resource,
    name: ObjectName,
    limits: RequestLimits & Subresource = {},
  ): Promise<T> {
    const path = objectPath(resource, name, limits.subresource)
    return this.request<T>({ method: 'GET', path, ...limitsOf(limits) })
  }

  /** Without `resourceVersion`: what is there now, of all that any API server has. */
  list<T extends ApiObject>(resource: Resource, query: ListQuery = {}): Promise<ObjectList<T>> {
    const { namespace, signal, timeoutMs, ...rest } = query
    const path = collectionPath(resource, namespace)
    return this.request<ObjectList<T>>({ method: 'GET', path, query: rest, signal, timeoutMs, verb: 'list' })
  }

  /** In the namespace that its metadata names. */
  create<T extends ApiObject>(resource: Resource, object: T, limits: RequestLimits = {}): Promise<T> {
    const namespace = object.metadata?.namespace
    if (resource.namespaced && !namespace)
      throw new InvalidOptionError('metadata.namespace', `given: ${resource.plural} are in one`, namespace)
    const path = collectionPath(resource, namespace)
    return this.request<T>({ method: 'POST', path, body: object, ...limitsOf(limits) })
  }

  /** A whole object instead of the one that has its name. Its `resourceVersion` must still be the one there: 409 otherwise. */
  replace<T extends ApiObject>(
    resource: Resource,
    object: T,
    limits: RequestLimits & Subresource = {},
  ): Promise<T> {
    const { namespace, name = '' } = object.metadata ?? {}
    const path = objectPath(resource, { namespace, name }, limits.subresource)
    return this.request<T>({ method: 'PUT', path, body: object, ...limitsOf(limits) })
  }

  /** RFC 7396. With `metadata.resourceVersion` in the patch it is for that version only: 409 otherwise. */
  mergePatch<T extends ApiObject>(
    resource: Resource,
    name: ObjectName,
    patch: object,
    limits: RequestLimits & Subresource = {},
  ): Promise<T> {
    const path = objectPath(resource, name, limits.subresource)
    const contentType = 'application/merge-patch+json'
    return this.request<T>({ method: 'PATCH', path, body: patch, contentType, ...limitsOf(limits) })
  }

  /** @returns the object where it stays for now (finalizers), or a `Status` */
  delete(resource: Resource, name: ObjectName, options: DeleteOptions = {}): Promise<ApiObject> {
    const { signal, timeoutMs, ...rest } = options
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...rest }
    return this.request<ApiObject>({
      method: 'DELETE',
      path: objectPath(resource, name),
      body,
      signal,
      timeoutMs,
    })
  }
}

function limitsOf({ signal, timeoutMs }: RequestLimits): RequestLimits {
  return { signal, timeoutMs }
}
