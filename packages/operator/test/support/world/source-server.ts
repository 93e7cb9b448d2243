/** Where modules are fetched from: files over HTTP, well and badly served, and a small registry of artifacts that wants a token. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Page = (request: IncomingMessage, response: ServerResponse) => void

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export interface Layer {
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** What the manifest says of it. @default its own */
  readonly digest?: string
}

export class SourceServer implements AsyncDisposable {
  /** By path. */
  readonly pages: Map<string, Page> = new Map()
  /** Paths that were asked for, in turn. */
  readonly asked: string[] = []
  readonly #server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    this.asked.push(path)
    response.on('error', () => undefined)
    const page = this.pages.get(path)
    if (page === undefined) response.writeHead(404).end('nothing here')
    else page(request, response)
  })

  static async start(): Promise<SourceServer> {
    const server = new SourceServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  /** `HOST:PORT` */
  get authority(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `http://${this.authority}`
  }

  file(path: string, bytes: Uint8Array): void {
    this.pages.set(path, (_, response) => response.end(bytes))
  }

  /** @returns its reference; every request for it wants a token, which this gives to everybody */
  artifact(repository: string, tag: string, layers: readonly Layer[]): string {
    const token = crypto.randomUUID()
    const guarded =
      (page: Page): Page =>
      (request, response) => {
        if (request.headers.authorization === `Bearer ${token}`) return page(request, response)
        const challenge = `Bearer realm="${this.url}/token",service="test",scope="repository:${repository}:pull"`
        response.writeHead(401, { 'www-authenticate': challenge }).end('{}')
      }
    this.pages.set('/token', ({ url = '' }, response) => {
      const scope = new URL(url, this.url).searchParams.get('scope')
      response.end(JSON.stringify(scope === `repository:${repository}:pull` ? { token } : {}))
    })
    const described = layers.map(({ mediaType, bytes, digest = sha256(bytes) }) => {
      this.pages.set(
        `/v2/${repository}/blobs/${digest}`,
        guarded((_, response) => response.end(bytes)),
      )
      return { mediaType, digest, size: bytes.length }
    })
    const manifest = JSON.stringify({ schemaVersion: 2, layers: described })
    const types = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
    this.pages.set(
      `/v2/${repository}/manifests/${tag}`,
      guarded((_, response) => response.writeHead(200, types).end(manifest)),
    )
    return `${this.authority}/${repository}:${tag}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
