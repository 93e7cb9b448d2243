import { KubernetesError } from './kubernetes-error.ts'

/** What the API server says about a failure: `Status` of `meta/v1`, as it is in JSON. */
export interface ApiStatus {
  readonly kind?: string
  readonly status?: string
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly details?: ApiStatusDetails
  /** Of a list that expired: how it may be continued, inconsistently. */
  readonly metadata?: { readonly continue?: string }
}

export interface ApiStatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly retryAfterSeconds?: number
  readonly causes?: readonly {
    readonly reason?: string
    readonly message?: string
    readonly field?: string
  }[]
}

const code = 'WARMSLOT_KUBERNETES_API'

/** The API server, or a proxy before it, answered and refused: by an HTTP status, or by an ERROR event of a watch. */
export class KubernetesApiError extends KubernetesError {
  readonly code: typeof code = code
  /** The HTTP status, RFC 9110 section 15. */
  readonly status: number
  /** Kubernetes' word for it, such as `NotFound`; empty: it did not say. */
  readonly reason: string
  readonly details: ApiStatusDetails
  /** After how many seconds another try makes sense; undefined: it does not say. */
  readonly retryAfterSeconds: number | undefined

  /** @param request what was asked, for the message: `PATCH /api/v1/…` */
  constructor(request: string, status: number, answer: ApiStatus, retryAfterSeconds?: number) {
    const reason = answer.reason ?? ''
    super(`${request} was refused with ${status}${reason && ` ${reason}`}: ${answer.message || 'no message'}`)
    this.status = status
    this.reason = reason
    this.details = answer.details ?? {}
    this.retryAfterSeconds = retryAfterSeconds ?? this.details.retryAfterSeconds
  }

  get isNotFound(): boolean {
    return this.status === 404
  }

  /** Somebody else changed the object in the meantime, or it is there already (reason `AlreadyExists`). */
  get isConflict(): boolean {
    return this.status === 409
  }

  /** The resource version, or the continue token, is too old: list again. */
  get isGone(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone'
  }

  /** Whether the same request may succeed later without a change of it: throttled (429), or the server's own failure. */
  get isTransient(): boolean {
    return this.status === 429 || this.status >= 500
  }

  static isInstance(value: unknown): value is KubernetesApiError {
    return value instanceof Error && (value as { code?: unknown }).code === code
  }
}
