/** A namespace for each test: nothing of another test is in it. It is never deleted, which takes a controller that is not there. */
import { mustCallApi, type ApiServerAddress } from './call-api.ts'

export async function newNamespace(address: ApiServerAddress, prefix = 'test'): Promise<string> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: `${prefix}-` } }
  return (await mustCallApi(address, '/api/v1/namespaces', { method: 'POST', body })).metadata.name
}
