/** A small HTTP server of fixed paths: health, readiness, metrics. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readListenAddress } from './listen-address.ts'

export interface PlainAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export class PlainHttpServer implements AsyncDisposable {
  readonly #server: Server
  readonly #paths: Readonly<Record<string, () => Promise<PlainAnswer> | PlainAnswer>>

  constructor(paths: Readonly<Record<string, () => Promise<PlainAnswer> | PlainAnswer>>) {
    this.#paths = paths
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
      void this.#answer(request.method, request.url).then(
        ({ status, contentType, body }) =>
          response
            .writeHead(status, { 'content-type': contentType })
            .end(request.method === 'HEAD' ? '' : body),
        () => response.writeHead(500).end(),
      )
    })
  }

  /** @param address `HOST:PORT`, `[IPV6]:PORT`, or `:PORT` for all interfaces @returns the port */
  async listen(option: string, address: string): Promise<number> {
    const { host, port } = readListenAddress(option, address)
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, ...(host ? { host } : {}) }, resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(method: string | undefined, url: string | undefined): Promise<PlainAnswer> {
    const [path = ''] = (url ?? '').split('?')
    const answer = Object.hasOwn(this.#paths, path) ? this.#paths[path] : undefined
    if (answer === undefined) return { status: 404, contentType: 'text/plain', body: 'not found\n' }
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, contentType: 'text/plain', body: 'only GET and HEAD\n' }
    return await answer()
  }
}
