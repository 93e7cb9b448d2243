/** A host did not answer: no connection, no answer in time, or a connection that was cut. It may have done what it was asked. */
export class HostUnreachableError extends Error {
  readonly code = 'WARMSLOT_HOST_UNREACHABLE'
  readonly url: string

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(
      `${url} does not answer: ${reason}. See whether the pod runs, and whether a network policy is in the way.`,
      options,
    )
    this.name = 'HostUnreachableError'
    this.url = url
  }

  static isInstance(value: unknown): value is HostUnreachableError {
    return value instanceof Error && 'code' in value && value.code === 'WARMSLOT_HOST_UNREACHABLE'
  }
}
