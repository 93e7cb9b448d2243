/** An API server for tests: a state with its rules, and a script that comes before them. Over HTTP, or HTTPS with client certificates. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import { ApiState, type StateRequest, statusOf } from './api-state.ts'
import { FakeWatch } from './fake-watch.ts'

export interface SeenRequest extends StateRequest {
  readonly headers: IncomingMessage['headers']
  /** Of the client's certificate. */
  readonly clientName: string | undefined
}

/** @returns whether it has answered, or will */
export type Script = (request: SeenRequest, response: ServerResponse) => boolean

export class FakeApiServer implements AsyncDisposable {
  readonly state: ApiState = new ApiState()
  readonly requests: SeenRequest[] = []
  readonly watches: FakeWatch[] = []
  /** Asked before the state. */
  script: Script = () => false
  /** Connections that were made so far. */
  connections = 0
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  /** @param address to listen on */
  static async start(tls?: ServerOptions, address = '127.0.0.1'): Promise<FakeApiServer> {
    const server = new FakeApiServer(tls)
    await new Promise<void>((resolve) => server.#server.listen(0, address, resolve))
    return server
  }

  private constructor(tls: ServerOptions | undefined) {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer(request, response)
    this.#server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest)
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.state.onEvent = (event) => {
      for (const watch of this.openWatches)
        if (ApiState.covers(watch.path, event)) watch.send(event.type, event.object)
    }
  }

  get origin(): string {
    const protocol = this.#server instanceof Object && 'setSecureContext' in this.#server ? 'https' : 'http'
    const { address, family, port } = this.#server.address() as AddressInfo
    return `${protocol}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  get openWatches(): FakeWatch[] {
    return this.watches.filter(({ isOpen }) => isOpen)
  }

  /** Requests of this method to paths with this end. */
  count(method: string, pathEnd: string): number {
    return this.requests.filter((request) => request.method === method && request.path.endsWith(pathEnd))
      .length
  }

  kubeConfig(user: Record<string, unknown> = {}, cluster: Record<string, unknown> = {}): KubeConfig {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromClusterAndUser(
      { name: 'fake', server: this.origin, skipTLSVerify: this.origin.startsWith('http:'), ...cluster },
      { name: 'tester', ...user },
    )
    return kubeConfig
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url!, 'http://fake')
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const peer =
      'getPeerCertificate' in message.socket
        ? (message.socket as { getPeerCertificate(): { subject?: { CN?: unknown } } }).getPeerCertificate()
        : undefined
    const request: SeenRequest = {
      method: message.method!,
      path: url.pathname,
      query: url.searchParams,
      headers: message.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      clientName: peer?.subject?.CN as string | undefined,
    }
    this.requests.push(request)
    if (this.script(request, response)) return
    if (request.query.get('watch') === 'true') return this.#watch(request, response)
    const { status, body } = this.state.answer(request)
    sendJson(response, status, body)
  }

  #watch({ path, query }: SeenRequest, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    const watch = new FakeWatch(path, query, response)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    if (from < this.state.compactedTo) {
      watch.send('ERROR', statusOf(410, 'Expired', `too old resource version: ${from}`))
      return watch.end()
    }
    for (const event of this.state.history)
      if (event.revision > from && ApiState.covers(path, event)) watch.send(event.type, event.object)
    this.watches.push(watch)
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** Tells a script's answer. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): true {
  sendJson(response, code, statusOf(code, reason, `scripted: ${reason}`), headers)
  return true
}
