/** Who may use the administration port, by the host's options; holds the connections that are needed to find out. */
import type { Logger } from 'pino'
import { anyOf, type Authenticate, bearerToken, reviewedToken, whoeverIsHere } from './http/authentication.ts'
import { ApiServer, apiServerAddress } from './kubernetes/api-server.ts'
import { readAccounts } from './kubernetes/service-accounts.ts'
import { TokenReviews } from './kubernetes/token-reviews.ts'
import { isLoopback, type ListenAddress } from './listen-address.ts'
import { InvalidHostOptionError, type ResolvedHostOptions } from './options.ts'

export interface AdministrationAccess extends Disposable {
  readonly authenticate: Authenticate
}

type AccessOptions = Pick<
  ResolvedHostOptions,
  'tokenFile' | 'tokenReviewAudience' | 'tokenReviewAccounts' | 'serviceAccountFolder'
>

/**
 * @throws InvalidHostOptionError where the port would be open to others, and for token reviews that cannot be asked for
 * @throws Error where a file cannot be read
 */
export async function administrationAccess(
  options: AccessOptions,
  address: ListenAddress,
  log: Logger,
): Promise<AdministrationAccess> {
  const { tokenFile } = options
  const ways: Authenticate[] = []
  // Asked first: it costs nothing.
  if (tokenFile !== undefined) ways.push(await bearerToken(tokenFile))
  const apiServer = await apiServerFor(options)
  if (apiServer !== undefined) ways.push(reviewedToken(tokenReviews(apiServer, options, log)))
  if (ways.length === 0 && !isLoopback(address))
    throw new InvalidHostOptionError(
      'adminListen',
      'a loopback address, or have a "tokenFile" or a "tokenReviewAudience": whoever reaches this port can load code',
      `${address.hostname}:${address.port}`,
    )
  return {
    authenticate: ways.length === 0 ? whoeverIsHere : anyOf(ways),
    [Symbol.dispose]: () => apiServer?.[Symbol.dispose](),
  }
}

/** Undefined: tokens are not to be reviewed. */
async function apiServerFor(options: AccessOptions): Promise<ApiServer | undefined> {
  const { tokenReviewAudience, tokenReviewAccounts, serviceAccountFolder } = options
  if (tokenReviewAudience === undefined && tokenReviewAccounts === undefined) return undefined
  if (tokenReviewAudience === undefined)
    throw new InvalidHostOptionError(
      'tokenReviewAudience',
      'said where there are "tokenReviewAccounts"',
      tokenReviewAudience,
    )
  if (tokenReviewAccounts === undefined)
    throw new InvalidHostOptionError(
      'tokenReviewAccounts',
      'said where there is a "tokenReviewAudience"',
      tokenReviewAccounts,
    )
  const address = apiServerAddress(process.env)
  if (address === undefined)
    throw new InvalidHostOptionError(
      'tokenReviewAudience',
      'left out where there is no Kubernetes to ask (no variable KUBERNETES_SERVICE_HOST)',
      tokenReviewAudience,
    )
  const apiServer = new ApiServer({ ...address, serviceAccountFolder })
  await apiServer.check()
  return apiServer
}

function tokenReviews(apiServer: ApiServer, options: AccessOptions, log: Logger): TokenReviews {
  return new TokenReviews(apiServer, {
    audience: options.tokenReviewAudience ?? '',
    accounts: readAccounts(options.tokenReviewAccounts ?? '') ?? [],
    failed: (error) => log.warn({ err: error }, 'the API server cannot be asked about tokens'),
  })
}
