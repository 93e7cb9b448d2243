/**
 * All objects of a resource, page by page, as they were at one moment.
 *
 * It asks without a resource version, that is for the most recent state: what is answered is no older than anything that any API server
 * has answered before, so a list never goes back behind what a watch has told. Pages after the first are of the same moment. When that
 * moment expires on the way (410), all is asked for once more in one piece, which cannot expire.
 */
import type { ApiClient, ListQuery, ObjectList } from '../cluster/api-client.ts'
import { KubernetesApiError } from '../errors/kubernetes-api-error.ts'
import { KubernetesProtocolError } from '../errors/kubernetes-protocol-error.ts'
import type { ApiObject } from '../object.ts'
import type { Resource } from '../resource.ts'

export interface ListLimits {
  /** Objects in one answer. */
  readonly pageSize: number
  /** In all; more are an error. */
  readonly maxObjects: number
}

export interface WholeList<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
}

/** @param onPage called when a page has come @throws the Cluster's errors */
export async function listWhole<T extends ApiObject>(
  cluster: ApiClient,
  resource: Resource,
  query: ListQuery,
  { pageSize, maxObjects }: ListLimits,
  onPage: () => void,
): Promise<WholeList<T>> {
  const items: T[] = []
  let token: string | undefined
  let whole = false
  for (;;) {
    let page: ObjectList<T>
    try {
      const paging = whole ? {} : { limit: pageSize, continue: token }
      page = await cluster.list<T>(resource, { ...query, ...paging })
    } catch (error) {
      if (token === undefined || !KubernetesApiError.isInstance(error) || !error.isGone) throw error
      whole = true
      token = undefined
      items.length = 0
      continue
    }
    onPage()
    const { resourceVersion, continue: next } = page.metadata ?? {}
    // Go writes an empty list as null in places.
    for (const item of page.items ?? []) items.push(item)
    if (items.length > maxObjects)
      throw new KubernetesProtocolError(
        `There are more than ${maxObjects} ${resource.plural} (option "maxObjects"). Narrow the selectors, or raise it.`,
      )
    if (next) {
      if (next === token || whole)
        throw new KubernetesProtocolError(`The list of ${resource.plural} does not end.`)
      token = next
      continue
    }
    if (!resourceVersion)
      throw new KubernetesProtocolError(`The list of ${resource.plural} has no resourceVersion.`)
    return { items, resourceVersion }
  }
}
