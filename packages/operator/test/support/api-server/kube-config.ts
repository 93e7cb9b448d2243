/** The client's configuration for an address. */
import { KubeConfig } from '@kubernetes/client-node'
import type { ApiServerAddress } from './call-api.ts'

/** @param token @default the administrator's; of a service account: see `service-account-token.ts` */
export function kubeConfigOf(address: ApiServerAddress, token: string = address.adminToken): KubeConfig {
  const config = new KubeConfig()
  const caData = Buffer.from(address.certificateAuthority).toString('base64')
  config.loadFromClusterAndUser(
    { name: 'test', server: address.url, caData, skipTLSVerify: false },
    { name: 'test', token },
  )
  return config
}
