/** A request exactly as it is written here: `fetch` would resolve the dots in paths, and add headers. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface RawRequest {
  readonly method?: string
  /** With the query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Several pieces are sent in chunked encoding, without a length. */
  readonly body?: Uint8Array | string | readonly Uint8Array[]
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** @param base `http://HOST:PORT` @throws where the connection ends without an answer */
export async function rawRequest(base: string, wanted: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', path, headers = {}, body = '' } = wanted
  const { hostname, port } = new URL(base)
  const chunks = body instanceof Uint8Array || typeof body === 'string' ? undefined : body
  const framing =
    chunks === undefined
      ? { 'content-length': Buffer.byteLength(body as string) }
      : { 'transfer-encoding': 'chunked' }
  const sent = request({ hostname, port, method, path, agent: false, headers: { ...framing, ...headers } })
  return new Promise((resolve, reject) => {
    sent.on('response', (answer) => {
      const endless = answer.headers['content-type']?.startsWith('text/event-stream') === true
      ;(endless ? firstChunk(answer) : buffer(answer)).then(
        (bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: bytes }),
        reject,
      )
    })
    sent.on('error', reject)
    for (const chunk of chunks ?? [body as Uint8Array | string]) sent.write(chunk)
    sent.end()
  })
}

async function firstChunk(answer: IncomingMessage): Promise<Buffer> {
  for await (const chunk of answer as AsyncIterable<Buffer>) return chunk
  return Buffer.alloc(0)
}

/** What an answer with a problem says. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
}

export function problemOf({ body }: RawAnswer): Problem {
  return JSON.parse(body.toString('utf8')) as Problem
}
