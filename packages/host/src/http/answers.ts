/** What handlers answer with, and how it is sent. Errors are problem details: RFC 9457. */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import { HostError } from '../errors/host-error.ts'
import { MethodNotAllowedError } from '../errors/method-not-allowed-error.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: `${JSON.stringify(value, undefined, 2)}\n`,
  }
}

/** What is not one of this package's errors is a mistake of this package: its message is for the log. */
export function problem(error: unknown): HttpAnswer {
  const known = HostError.isInstance(error)
  const status = known ? error.status : 500
  const details = {
    type: 'about:blank',
    // With this type the title is the status's own: RFC 9457 section 4.2.1. What says more is the code.
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: known ? error.code : 'WARMSLOT_INTERNAL',
    detail: known ? error.message : 'The host made a mistake; its log says which.',
    ...(known && 'stderr' in error && error.stderr !== undefined && { stderr: error.stderr }),
  }
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (known && error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds)
  if (error instanceof MethodNotAllowedError) headers['allow'] = error.methods.join(', ')
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return { status, headers, body: `${JSON.stringify(details)}\n` }
}

export function send(response: ServerResponse, { status, headers = {}, body = '' }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { ...headers, 'content-length': String(bytes.byteLength) })
  response.end(bytes)
}
