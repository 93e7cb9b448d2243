/**
 * Whether a bearer token is one of a service account that may, as the API server says.
 *
 *     token ─► known ──────────────────────────────► yes, no
 *                └─► asked about already? wait ─► TokenReview ─► remembered: yes for a minute, no for some seconds
 *                                                     └─► no answer: nothing is remembered, and nobody let in
 *
 * Tokens are kept as digests only. Those that are refused are remembered apart, so that they push out none that are accepted.
 */
import { createHash } from 'node:crypto'
import { UnavailableError } from '../errors/unavailable-error.ts'
import type { ApiServer } from './api-server.ts'
import { ExpiringSet } from './expiring-set.ts'

export interface TokenReviewOptions {
  /** Whom tokens must be for. */
  readonly audience: string
  /** `NAMESPACE:NAME` of the service accounts that may. */
  readonly accounts: readonly string[]
  /** Told why the API server could not be asked, once in a while. @default nobody */
  readonly failed?: (error: unknown) => void
  /** In milliseconds, for tests. */
  readonly now?: () => number
}

const path = '/apis/authentication.k8s.io/v1/tokenreviews'
const acceptedMs = 60_000
const refusedMs = 5_000
const mostRemembered = 100
/** So many are asked about at the same time: whoever sends tokens of their own making must not make work for the API server. */
const mostReviews = 16
const pauseBetweenReportsMs = 10_000

/** Source: authentication.k8s.io/v1, TokenReviewStatus. */
interface ReviewStatus {
  readonly authenticated?: unknown
  readonly audiences?: unknown
  readonly user?: { readonly username?: unknown }
}

export class TokenReviews {
  readonly #server: Pick<ApiServer, 'post'>
  readonly #options: TokenReviewOptions
  readonly #usernames: ReadonlySet<string>
  readonly #now: () => number
  readonly #accepted: ExpiringSet
  readonly #refused: ExpiringSet
  /** By the token's digest. */
  readonly #running = new Map<string, Promise<boolean>>()
  #nextReportMs = -Infinity

  constructor(server: Pick<ApiServer, 'post'>, options: TokenReviewOptions) {
    this.#server = server
    this.#options = options
    this.#usernames = new Set(options.accounts.map((account) => `system:serviceaccount:${account}`))
    this.#now = options.now ?? ((): number => performance.now())
    this.#accepted = new ExpiringSet(acceptedMs, mostRemembered, this.#now)
    this.#refused = new ExpiringSet(refusedMs, mostRemembered, this.#now)
  }

  /** @throws UnavailableError where that cannot be found out */
  async accepts(token: string): Promise<boolean> {
    const key = createHash('sha256').update(token).digest('base64')
    if (this.#accepted.has(key)) return true
    if (this.#refused.has(key)) return false
    return this.#running.get(key) ?? this.#review(key, token)
  }

  #review(key: string, token: string): Promise<boolean> {
    if (this.#running.size >= mostReviews)
      throw new UnavailableError(
        `${mostReviews} tokens are being looked into already. Send the request again.`,
      )
    const review = this.#ask(token)
      .then((isAccepted) => {
        const verdicts = isAccepted ? this.#accepted : this.#refused
        verdicts.add(key)
        return isAccepted
      })
      .finally(() => this.#running.delete(key))
    this.#running.set(key, review)
    return review
  }

  async #ask(token: string): Promise<boolean> {
    const { audience } = this.#options
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    }
    try {
      return this.#isAccepted(statusOf(await this.#server.post(path, review)))
    } catch (cause) {
      this.#report(cause)
      const message = "Kubernetes' API server cannot be asked whose token this is. Send the request again."
      throw new UnavailableError(message, { cause })
    }
  }

  /** An API server that knows no audiences says none: then the token may be for anybody. */
  #isAccepted({ authenticated, audiences, user }: ReviewStatus): boolean {
    const isForUs = Array.isArray(audiences) && audiences.includes(this.#options.audience)
    return authenticated === true && isForUs && this.#usernames.has(user?.username as string)
  }

  #report(error: unknown): void {
    const nowMs = this.#now()
    if (nowMs < this.#nextReportMs) return
    this.#nextReportMs = nowMs + pauseBetweenReportsMs
    this.#options.failed?.(error)
  }
}

/** @throws TypeError for what is no TokenReview */
function statusOf(answer: unknown): ReviewStatus {
  const status = (answer as { status?: unknown } | null)?.status
  if (typeof status === 'object' && status !== null) return status
  throw new TypeError('The API server answered with no TokenReview.')
}
