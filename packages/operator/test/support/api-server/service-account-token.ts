/** Tokens as pods get them: of a service account, for an audience. */
import { mustCallApi, type ApiServerAddress } from './call-api.ts'

/** @param audiences @default the API server itself */
export async function serviceAccountToken(
  address: ApiServerAddress,
  namespace: string,
  name: string,
  audiences: readonly string[] = [],
): Promise<string> {
  const answer = await mustCallApi(address, `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
    method: 'POST',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences, expirationSeconds: 3600 },
    },
  })
  return answer.status.token
}
