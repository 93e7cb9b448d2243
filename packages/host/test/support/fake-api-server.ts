/** Kubernetes' API server, as far as it reviews tokens, and the folder with which a pod asks it. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { type Certificate, makeAuthority, makeCertificate } from './certificates.ts'

export const audience = 'warmslot-host'
export const account = 'warmslot-system:operator'
const addresses = ['127.0.0.1', '::1', 'localhost']
/** Of the pod that asks. */
export const ownToken = 'the token of the pod itself'

export interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly host: string | undefined
  readonly authorization: string | undefined
  readonly body: { readonly spec: { readonly token: string; readonly audiences: readonly string[] } }
}

export type Answer = (asked: Asked, response: ServerResponse) => object | undefined

/** Of a token that is good, for this audience, of this account. */
export function goodStatus(): object {
  return {
    authenticated: true,
    user: { username: `system:serviceaccount:${account}`, uid: 'x', groups: ['system:serviceaccounts'] },
    audiences: [audience],
  }
}

export class FakeApiServer implements AsyncDisposable {
  readonly asked: Asked[] = []
  /** With `token` and `ca.crt`. */
  readonly folder: string = mkdtempSync(join(tmpdir(), 'warmslot-service-account-'))
  /** What is answered; undefined: it has answered by itself, or does not. @default tokens that begin with "good" are */
  answer: Answer = ({ body }) => ({
    ...body,
    status: body.spec.token.startsWith('good') ? goodStatus() : { authenticated: false, error: 'expired' },
  })
  connections = 0
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()

  private constructor(authority: Certificate) {
    const { cert, key } = makeCertificate(authority, addresses)
    this.#server = createServer({ cert, key }, (request, response) => void this.#serve(request, response))
    this.#server.on('secureConnection', (socket: Socket) => {
      this.connections += 1
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.writeFolder({ token: `${ownToken}\n`, 'ca.crt': authority.cert })
  }

  static async start(authority: Certificate = makeAuthority('kubernetes')): Promise<FakeApiServer> {
    const server = new FakeApiServer(authority)
    // Of both families.
    server.#server.listen(0, '::')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  writeFolder(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text)
  }

  /** A certificate of another authority, from the next connection on; those that are open are closed. */
  changeAuthority(authority: Certificate): void {
    const { cert, key } = makeCertificate(authority, addresses)
    this.#server.setSecureContext({ cert, key })
    this.cutConnections()
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.cutConnections()
    if (this.#server.listening) await once(this.#server, 'close')
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as Asked['body']
    const { method, url, headers } = request
    const { host, authorization } = headers
    const asked = { method, url, host, authorization, body }
    this.asked.push(asked)
    const answer = this.answer(asked, response)
    if (answer === undefined) return
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer))
  }
}
