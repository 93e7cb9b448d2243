/** The events of a watch, out of its bytes: a JSON object on each line. */
import { type ApiStatus, KubernetesApiError } from '../errors/kubernetes-api-error.ts'
import { KubernetesProtocolError } from '../errors/kubernetes-protocol-error.ts'
import type { ApiObject } from '../object.ts'
import { LineDecoder } from './line-decoder.ts'

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  /** Of a bookmark, only `metadata.resourceVersion` counts. */
  readonly object: T
}

const types: readonly unknown[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']
/** What of an unknown line gets into the message. */
const maxShownLength = 100

/**
 * Ends when the watch ends.
 * @throws KubernetesApiError an ERROR event @throws KubernetesProtocolError a line that is no event @throws what the stream throws
 */
export async function* readWatchEvents<T extends ApiObject>(
  body: AsyncIterable<Uint8Array>,
  maxEventBytes: number,
  onBytes: () => void,
): AsyncGenerator<WatchEvent<T>, void> {
  const decoder = new LineDecoder(maxEventBytes)
  for await (const bytes of body) {
    onBytes()
    for (const line of decoder.push(bytes)) yield eventOf<T>(line)
  }
  decoder.end()
}

function eventOf<T>(line: string): WatchEvent<T> {
  const event = parse(line)
  if (event.type === 'ERROR') {
    const status = (event.object ?? {}) as ApiStatus
    throw new KubernetesApiError('The watch', status.code ?? 500, status)
  }
  if (!types.includes(event.type) || typeof event.object !== 'object' || event.object === null)
    throw new KubernetesProtocolError(`The watch sent what is no event: ${line.slice(0, maxShownLength)}`)
  return event as WatchEvent<T>
}

function parse(line: string): { readonly type?: unknown; readonly object?: unknown } {
  try {
    return (JSON.parse(line) ?? {}) as object
  } catch (error) {
    const message = `The watch sent what is not JSON: ${line.slice(0, maxShownLength)}`
    throw new KubernetesProtocolError(message, { cause: error })
  }
}
