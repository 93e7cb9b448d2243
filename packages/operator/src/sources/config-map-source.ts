/** Bytes in a key of a ConfigMap. It is read when it is needed, not watched: the digest says what must be in it. */
import type { V1ConfigMap } from '@kubernetes/client-node'
import { SourceError } from '../errors/source-error.ts'
import type { ApiClient } from '../kubernetes/cluster/api-client.ts'
import { KubernetesApiError } from '../kubernetes/errors/kubernetes-api-error.ts'
import { configMaps, objectPath } from '../kubernetes/resource.ts'

export async function readConfigMap(
  cluster: ApiClient,
  namespace: string,
  { name, key }: { readonly name: string; readonly key: string },
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const where = `ConfigMap ${namespace}/${name}`
  let found: V1ConfigMap
  try {
    const path = objectPath(configMaps, { namespace, name })
    found = await cluster.request<V1ConfigMap>({ method: 'GET', path, ...(signal ? { signal } : {}) })
  } catch (error) {
    if (!KubernetesApiError.isInstance(error)) throw error
    const reason = error.isNotFound ? 'is not there' : `cannot be read: ${error.message}`
    throw new SourceError('SourceUnavailable', `${where} ${reason}.`, { cause: error })
  }
  const encoded = found.binaryData?.[key]
  if (encoded !== undefined) return Buffer.from(encoded, 'base64')
  const hint =
    found.data?.[key] === undefined ? '' : ' There is one in "data", which cannot hold WebAssembly.'
  throw new SourceError(
    'SourceUnavailable',
    `${where} has no key ${JSON.stringify(key)} in "binaryData".${hint}`,
  )
}
