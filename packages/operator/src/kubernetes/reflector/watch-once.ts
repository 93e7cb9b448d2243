/** One watch, from a resource version on until it ends. It is cut when nothing comes for too long: a dead connection says nothing. */
import type { ApiClient, ListQuery } from '../cluster/api-client.ts'
import { KubernetesConnectionError } from '../errors/kubernetes-connection-error.ts'
import { KubernetesError } from '../errors/kubernetes-error.ts'
import type { ApiObject } from '../object.ts'
import { collectionPath, type Resource } from '../resource.ts'
import type { Clock } from '../time/clock.ts'
import { readWatchEvents, type WatchEvent } from './watch-events.ts'

export interface WatchRequest {
  readonly cluster: ApiClient
  readonly resource: Resource
  readonly query: ListQuery
  readonly resourceVersion: string
  readonly timeoutSeconds: number
  readonly idleAbortMs: number
  readonly maxEventBytes: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onBegin: () => void
  readonly onBytes: () => void
}

/** @throws the Cluster's errors; the signal's reason */
export async function* watchOnce<T extends ApiObject>(
  request: WatchRequest,
): AsyncGenerator<WatchEvent<T>, void> {
  const { cluster, resource, query, clock, idleAbortMs, signal } = request
  const cut = new AbortController()
  const onStop = (): void => cut.abort(signal.reason)
  signal.addEventListener('abort', onStop)
  if (signal.aborted) onStop()
  let lastByteMs = clock.now()
  let cancelTimer: (() => void) | undefined
  const guard = (delayMs: number): void => {
    cancelTimer = clock.after(delayMs, () => {
      const restMs = lastByteMs + idleAbortMs - clock.now()
      if (restMs > 0) return guard(restMs)
      const message = `The watch of ${resource.plural} brought nothing for ${idleAbortMs} ms, not even a bookmark.`
      cut.abort(new KubernetesConnectionError('timeout', message))
    })
  }
  try {
    const body = await cluster.stream({
      path: collectionPath(resource, query.namespace),
      query: {
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: request.resourceVersion,
        timeoutSeconds: request.timeoutSeconds,
        labelSelector: query.labelSelector,
        fieldSelector: query.fieldSelector,
      },
      signal: cut.signal,
    })
    lastByteMs = clock.now()
    guard(idleAbortMs)
    request.onBegin()
    yield* readWatchEvents<T>(body, request.maxEventBytes, () => {
      lastByteMs = clock.now()
      request.onBytes()
    })
  } catch (error) {
    if (cut.signal.aborted) throw cut.signal.reason
    if (error instanceof KubernetesError) throw error
    const message = `The watch of ${resource.plural} broke: ${(error as Error).message}`
    throw new KubernetesConnectionError('network', message, { cause: error })
  } finally {
    cancelTimer?.()
    signal.removeEventListener('abort', onStop)
  }
}
