/** A host answered, and said no, or something that is no answer. */
export class HostAnswerError extends Error {
  readonly code = 'WARMSLOT_HOST_ANSWER'
  /** The HTTP status; 0 where the body was not what it should be. */
  readonly status: number
  /** The host's own code, as in its README; undefined: it gave none. */
  readonly hostCode: string | undefined

  constructor(url: string, status: number, hostCode: string | undefined, detail: string) {
    super(`${url} answered ${status || 'nonsense'}: ${detail.slice(0, 500)}`)
    this.name = 'HostAnswerError'
    this.status = status
    this.hostCode = hostCode
  }

  static isInstance(value: unknown): value is HostAnswerError {
    return value instanceof Error && 'code' in value && value.code === 'WARMSLOT_HOST_ANSWER'
  }
}
