/**
 * A listening server: finds the route, checks who asks, sends the answer or the problem, and drains.
 *
 * Time limits of node:http bound how long headers and bodies may take; how long a guest may is its module's own.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HostError } from '../errors/host-error.ts'
import type { ListenAddress } from '../listen-address.ts'
import { type HttpAnswer, problem, send } from './answers.ts'
import type { Authenticate } from './authentication.ts'
import { readTarget } from './request-target.ts'
import { type Match, Router } from './router.ts'

/** What is told of each request, for logs and metrics. */
export type RequestObserver = (request: {
  readonly server: string
  readonly method: string
  /** The route's pattern; undefined where there was none. */
  readonly route: string | undefined
  readonly status: number
  readonly durationMs: number
  /** What was thrown that is no answer. */
  readonly error: unknown
}) => void

export interface HttpServerOptions {
  readonly name: string
  readonly router: Router
  readonly authenticate: Authenticate
  readonly observe: RequestObserver
  /** Of every answer. @default none */
  readonly headers?: Readonly<Record<string, string>>
}

const headersTimeoutMs = 10_000
const requestTimeoutMs = 60_000
/** What is counted where nobody was left to take the answer; it is never sent. */
const goneStatus = 499

export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  #draining = false

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#server = createServer(
      { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs },
      (request, response) => {
        void this.#serve(request, response)
      },
    )
  }

  /** @returns the address, with the port that the system chose for port 0 */
  listen({ hostname, port }: ListenAddress): Promise<ListenAddress> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, hostname, () => {
        this.#server.off('error', reject)
        const address = this.#server.address() as AddressInfo
        resolve({ hostname: address.address, port: address.port })
      })
    })
  }

  /** No new connections, and no further requests on those that are there; resolves when the last is closed. */
  drain(): Promise<void> {
    this.#draining = true
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
    })
  }

  /** Closes what is still open. */
  closeNow(): void {
    this.#server.closeAllConnections()
  }

  #send(response: ServerResponse, answer: HttpAnswer): void {
    // Said with the answer: requests that were running when the end began would leave their connections open.
    if (this.#draining && !response.headersSent) response.setHeader('connection', 'close')
    send(response, answer)
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = performance.now()
    for (const [name, value] of Object.entries(this.#options.headers ?? {})) response.setHeader(name, value)
    const gone = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the client has closed the connection'))
    })
    let match: Match | undefined
    let error: unknown
    try {
      const { path, query } = readTarget(message.url ?? '/')
      match = this.#options.router.match(message.method ?? 'GET', path)
      if (match.route.open !== true) await this.#options.authenticate(message)
      const { parameters } = match
      const answer = await match.route.handle({ message, response, parameters, query, signal: gone.signal })
      if (answer !== undefined) this.#send(response, answer)
    } catch (thrown) {
      if (!HostError.isInstance(thrown) && !gone.signal.aborted) error = thrown
      this.#send(response, problem(thrown))
    }
    // A body that nobody has read would keep the connection busy.
    if (!message.complete) message.resume()
    this.#options.observe({
      server: this.#options.name,
      method: message.method ?? '',
      route: match?.route.path,
      status: gone.signal.aborted ? goneStatus : response.statusCode,
      durationMs: performance.now() - start,
      error,
    })
  }
}
