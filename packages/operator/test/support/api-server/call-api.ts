/** One plain request to the API server, for tests that look at what is answered rather than at a client. */
import { request } from 'node:https'

/** What is needed to talk to an API server; plain data, so that it can be sent to other processes. */
export interface ApiServerAddress {
  readonly url: string
  /** PEM. */
  readonly certificateAuthority: string
  /** Of a user who may do everything (`system:masters`). */
  readonly adminToken: string
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  /** @default the administrator's */
  readonly token?: string
  readonly accept?: string
  /** @default 'application/json' */
  readonly contentType?: string
  /** In milliseconds. @default 10_000 */
  readonly timeoutMs?: number
}

export interface ApiAnswer {
  readonly status: number
  /** The parsed JSON, or the text where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what the API server answers is what the test is about
  readonly body: any
  /** The `warning` headers: of unknown fields, for instance. */
  readonly warnings: readonly string[]
}

/** @throws Error where no whole answer comes in time */
export function callApi(
  address: ApiServerAddress,
  path: string,
  options: ApiRequest = {},
): Promise<ApiAnswer> {
  const { method = 'GET', body, token = address.adminToken, accept = 'application/json' } = options
  const { contentType = 'application/json', timeoutMs = 10_000 } = options
  const headers = { authorization: `Bearer ${token}`, accept, 'content-type': contentType }
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, address.url),
      {
        method,
        headers,
        agent: false,
        ca: address.certificateAuthority,
        signal: AbortSignal.timeout(timeoutMs),
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => (text += part))
        answer.on('error', reject)
        answer.on('end', () => {
          const warnings = answer.headersDistinct['warning'] ?? []
          resolve({ status: answer.statusCode ?? 0, body: parsed(text), warnings })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** The same for what has to succeed. @returns the answer's body @throws Error with the API server's message */
// oxlint-disable-next-line typescript/no-explicit-any -- see above
export async function mustCallApi(
  address: ApiServerAddress,
  path: string,
  options: ApiRequest = {},
): Promise<any> {
  const { status, body } = await callApi(address, path, options)
  if (status < 300) return body
  throw new Error(`${options.method ?? 'GET'} ${path} was answered ${status}: ${body.message ?? body}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
