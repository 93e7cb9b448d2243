/**
 * A way to the API server, or to a host, that a test can watch and cut: it stands in between, request by request.
 *
 * Guarantees: what `judge` says is done to exactly that request; a closed gate lets nothing more through, and what is under way is cut.
 */
import { KubeConfig } from '@kubernetes/client-node'
import { createServer, request as requestHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request as requestHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ApiServerAddress } from '../api-server/call-api.ts'

export interface GateRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly isWatch: boolean
  readonly body: string
}

/** Cut: it does not arrive. Lose: it is done, and no answer comes. */
export type Verdict = 'pass' | 'cut' | 'lose'

export class Gate implements AsyncDisposable {
  judge: (request: GateRequest) => Verdict | Promise<Verdict> = () => 'pass'
  isClosed = false
  readonly #target: string
  readonly #agent: Agent | undefined
  readonly #server = createServer((request, response) => void this.#forward(request, response))
  readonly #watches = new Set<ServerResponse>()

  private constructor(target: string, certificateAuthority?: string) {
    this.#target = target
    this.#agent =
      certificateAuthority === undefined
        ? undefined
        : new Agent({ ca: certificateAuthority, keepAlive: true })
  }

  static async toApiServer({ url, certificateAuthority }: ApiServerAddress): Promise<Gate> {
    const gate = new Gate(url, certificateAuthority)
    await gate.#listen(0, '127.0.0.1')
    return gate
  }

  /** The pod's own address has the gate; the host's administration is at another port there. */
  static async toHost(address: string, port: number, hostPort: number): Promise<Gate> {
    const gate = new Gate(`http://${address}:${hostPort}`)
    await gate.#listen(port, address)
    return gate
  }

  kubeConfig({ adminToken }: ApiServerAddress): KubeConfig {
    const config = new KubeConfig()
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    config.loadFromClusterAndUser(
      { name: 'gate', server, skipTLSVerify: true },
      { name: 'gate', token: adminToken },
    )
    return config
  }

  close(): void {
    this.isClosed = true
    this.#server.closeAllConnections()
  }

  open(): void {
    this.isClosed = false
  }

  /** How many there were. */
  cutWatches(): number {
    const count = this.#watches.size
    for (const watch of this.#watches) watch.destroy()
    return count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await new Promise((resolve) => this.#server.close(resolve))
    this.#agent?.destroy()
  }

  async #listen(port: number, address: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, address, resolve)
    })
  }

  async #forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined)
    try {
      const { method = '', url: path = '' } = incoming
      const parts: Buffer[] = []
      for await (const part of incoming) parts.push(part as Buffer)
      const body = Buffer.concat(parts)
      const isWatch = /[?&]watch=(true|1)/.test(path)
      const verdict = this.isClosed
        ? 'cut'
        : await this.judge({ method, path, isWatch, body: body.toString('utf8') })
      if (verdict === 'cut') return void response.destroy()
      const answer = await this.#ask(incoming, body, response)
      if (verdict === 'lose') {
        answer.resume()
        await new Promise((resolve) => answer.once('close', resolve))
        return void response.destroy()
      }
      if (isWatch) {
        this.#watches.add(response)
        response.once('close', () => this.#watches.delete(response))
      }
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      response.flushHeaders()
      answer.on('error', () => response.destroy())
      answer.pipe(response)
    } catch {
      response.destroy()
    }
  }

  #ask(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<IncomingMessage> {
    const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...rest } = headers
    const options = {
      method,
      headers: { ...rest, 'content-length': body.length },
      ...(this.#agent && { agent: this.#agent }),
    }
    return new Promise((resolve, reject) => {
      const send = this.#agent === undefined ? requestHttp : requestHttps
      const sent = send(new URL(url ?? '', this.#target), options, resolve)
      sent.on('error', reject)
      response.once('close', () => {
        if (!response.writableFinished && !sent.writableFinished) sent.destroy()
        // A watch has no end of its own.
        if (!response.writableFinished && /[?&]watch=/.test(url ?? '')) sent.destroy()
      })
      sent.end(body)
    })
  }
}
