/** One HTTP GET whose answer has a limit: of size, of time, of redirects. */
import { Agent, interceptors, request, type Dispatcher } from 'undici'
import { SourceError } from '../errors/source-error.ts'
import { checkServerIdentity } from '../server-identity.ts'

export interface DownloadOptions {
  /** How large the answer may be, in bytes. */
  readonly maxBytes: number
  /** How long all of it may take, in milliseconds. */
  readonly timeoutMs: number
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export interface Download {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Uint8Array
}

/** How many redirects are followed. */
const mostRedirects = 5

export class Downloader implements AsyncDisposable {
  readonly #agent = new Agent({ connections: 16, connect: { checkServerIdentity } })
  readonly #dispatcher: Dispatcher = this.#agent.compose(
    interceptors.redirect({ maxRedirections: mostRedirects, throwOnMaxRedirect: true }),
  )

  /** @throws SourceError where nothing came back, or too much; whatever the status is, it is told */
  async get(url: string, { maxBytes, timeoutMs, headers = {}, signal }: DownloadOptions): Promise<Download> {
    const limits = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
    try {
      const answer = await request(url, {
        dispatcher: this.#dispatcher,
        headers: { ...headers },
        signal: limits,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      })
      const bytes = await collect(answer.body, maxBytes, url)
      return { status: answer.statusCode, headers: answer.headers, bytes }
    } catch (error) {
      signal?.throwIfAborted()
      if (SourceError.isInstance(error)) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new SourceError('SourceUnavailable', `${url} cannot be read: ${reason}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}

async function collect(body: AsyncIterable<Uint8Array>, maxBytes: number, url: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.byteLength
    if (length > maxBytes)
      throw new SourceError(
        'SourceTooLarge',
        `${url} is larger than ${maxBytes} bytes (option "moduleBytes").`,
      )
    parts.push(part)
  }
  return Buffer.concat(parts, length)
}
