/**
 * Finalizers of objects. Each is a merge patch for exactly the object that was read: with its uid and its resourceVersion, so that
 * nothing can have changed since it was judged (409 otherwise). Other finalizers stay. Nothing is tried again here: after a 409, read the
 * object anew and judge it anew.
 */
import type { ApiClient } from './cluster/api-client.ts'
import type { RequestLimits } from './cluster/api-request.ts'
import { InvalidOptionError } from './errors/invalid-option-error.ts'
import { KubernetesApiError } from './errors/kubernetes-api-error.ts'
import { ObjectBeingDeletedError } from './errors/object-being-deleted-error.ts'
import { ObjectReplacedError } from './errors/object-replaced-error.ts'
import { type ApiObject, describeObject } from './object.ts'
import type { ObjectName, Resource } from './resource.ts'

/**
 * Does nothing where it is there already. @returns the object as it is then
 * @throws ObjectBeingDeletedError it takes none any more @throws ObjectReplacedError another one has its name
 * @throws KubernetesApiError `isNotFound`: it is gone; `isConflict`: it has changed since @throws the Cluster's other errors
 */
export async function addFinalizer<T extends ApiObject>(
  cluster: ApiClient,
  resource: Resource,
  object: T,
  finalizer: string,
  limits: RequestLimits = {},
): Promise<T> {
  const finalizers = object.metadata?.finalizers ?? []
  if (finalizers.includes(finalizer)) return object
  const description = describeObject(resource.plural, object)
  if (object.metadata?.deletionTimestamp) throw new ObjectBeingDeletedError(description, finalizer)
  try {
    return await patchFinalizers(cluster, resource, object, [...finalizers, finalizer], limits)
  } catch (error) {
    if (!isAboutVersion(error)) throw error
    const now = await cluster.get<T>(resource, nameOf(object), limits)
    if (isOther(now, object)) throw new ObjectReplacedError(description, uidOf(object), uidOf(now))
    if (now.metadata?.deletionTimestamp) throw new ObjectBeingDeletedError(description, finalizer)
    throw error
  }
}

/**
 * Does nothing where it is not there. Of an object that is being deleted, the last one lets it go.
 * @returns the object as it is then, the last time where that lets it go; undefined: it was gone already
 * @throws KubernetesApiError `isConflict`: it has changed since @throws the Cluster's other errors
 */
export async function removeFinalizer<T extends ApiObject>(
  cluster: ApiClient,
  resource: Resource,
  object: T,
  finalizer: string,
  limits: RequestLimits = {},
): Promise<T | undefined> {
  const finalizers = object.metadata?.finalizers ?? []
  if (!finalizers.includes(finalizer)) return object
  const others = finalizers.filter((other) => other !== finalizer)
  try {
    return await patchFinalizers(cluster, resource, object, others, limits)
  } catch (error) {
    if (isNotFound(error)) return undefined
    if (!isAboutVersion(error)) throw error
    const now = await cluster.get<T>(resource, nameOf(object), limits).catch((failure: unknown) => {
      if (!isNotFound(failure)) throw failure
      return undefined
    })
    if (now === undefined || isOther(now, object)) return undefined
    throw error
  }
}

function patchFinalizers<T extends ApiObject>(
  cluster: ApiClient,
  resource: Resource,
  object: T,
  finalizers: readonly string[],
  limits: RequestLimits,
): Promise<T> {
  const { uid, resourceVersion } = object.metadata ?? {}
  if (!uid || !resourceVersion)
    throw new InvalidOptionError(
      'object',
      'one that was read from the cluster, with uid and resourceVersion',
      object.metadata,
    )
  return cluster.mergePatch<T>(
    resource,
    nameOf(object),
    { metadata: { uid, resourceVersion, finalizers } },
    limits,
  )
}

function nameOf({ metadata }: ApiObject): ObjectName {
  return { namespace: metadata?.namespace, name: metadata?.name ?? '' }
}

function uidOf({ metadata }: ApiObject): string {
  return metadata?.uid ?? ''
}

function isOther(now: ApiObject, then: ApiObject): boolean {
  return uidOf(now) !== uidOf(then)
}

function isNotFound(error: unknown): boolean {
  return KubernetesApiError.isInstance(error) && error.isNotFound
}

/** 409; or 422, as a changed uid, or a finalizer for an object that is being deleted, may be answered. */
function isAboutVersion(error: unknown): boolean {
  return KubernetesApiError.isInstance(error) && (error.isConflict || error.status === 422)
}
