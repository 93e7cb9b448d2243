/**
 * A host in this process that has its modules in a map, and answers as a host does, or as a test says: for hosts that lie, and for many hosts.
 * It says that it has been up for a minute, so that it is given modules at once.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { adminPort, type HostProgram, type StartHost } from './host-pod.ts'

export interface HostRequest {
  readonly method: string
  readonly path: string
  /** Of the module that it is about; empty: of none. */
  readonly uid: string
  readonly query: URLSearchParams
  /** The bearer token that came with it. */
  readonly token: string | undefined
}

export interface FakeModule {
  readonly uid: string
  readonly name: string
  readonly digest: string
  readonly owner: string
}

/** @returns whether it has answered, or does not mean to */
export type Lie = (request: HostRequest, response: ServerResponse, host: FakeHost) => boolean

export class FakeHost implements HostProgram {
  readonly instance: string = crypto.randomUUID()
  readonly modules: Map<string, FakeModule> = new Map()
  readonly purged: Set<string> = new Set()
  readonly requests: HostRequest[] = []
  /** Whether they are kept. */
  isRecording = true
  /** What it says of each module. */
  slots: { affine: number; residentBytes: number } = { affine: 1, residentBytes: 65_536 }
  /** What it does otherwise than an honest one. */
  lie: Lie | undefined
  readonly #podUid: string | undefined
  readonly #startedAt = new Date(Date.now() - 60_000).toISOString()
  readonly #server: Server

  private constructor(podUid: string | undefined) {
    this.#podUid = podUid
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async start(address: string, port: number, podUid: string | undefined): Promise<FakeHost> {
    const host = new FakeHost(podUid)
    await new Promise<void>((resolve, reject) => {
      host.#server.once('error', reject)
      host.#server.listen(port, address, resolve)
    })
    return host
  }

  names(): string[] {
    return [...this.modules.values()].map(({ name }) => name)
  }

  /** How many of its requests were such. */
  count(method: string): number {
    return this.requests.filter((one) => one.method === method).length
  }

  /** What an honest host answers to a `DELETE`, once it has let go. */
  receipt(uid: string, digest: string | null): Record<string, unknown> {
    const kernel = { mappings: 0, descriptors: 0 }
    return { uid, digest, instance: this.instance, loaded: true, complete: true, kernel }
  }

  async kill(): Promise<void> {
    this.modules.clear()
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming
    const { pathname, searchParams } = new URL(url, 'http://host')
    const uid = decodeURIComponent(/^\/v1\/modules\/(.+)$/.exec(pathname)?.[1] ?? '')
    const request = {
      method,
      path: pathname,
      uid,
      query: searchParams,
      token: headers.authorization?.slice('Bearer '.length),
    }
    if (this.isRecording) this.requests.push(request)
    for await (const _ of incoming.on('error', () => undefined));
    response.on('error', () => undefined)
    if (this.lie?.(request, response, this)) return
    const named = headers['warmslot-instance']
    if (named !== undefined && named !== this.instance)
      return this.say(response, 412, { code: 'WARMSLOT_OTHER_INSTANCE', detail: 'another process' })
    const [status, body] = this.#honest(request)
    this.say(response, status, body)
  }

  say(response: ServerResponse, status: number, body: object): void {
    response.writeHead(status, { 'content-type': 'application/json', 'warmslot-instance': this.instance })
    response.end(JSON.stringify(body))
  }

  #honest({ method, path, uid, query }: HostRequest): [number, object] {
    const now = new Date().toISOString()
    if (path === '/v1/host')
      return [200, { instance: this.instance, startedAt: this.#startedAt, now, podUid: this.#podUid }]
    if (path === '/v1/modules')
      return [200, { modules: [...this.modules.values()].map((one) => this.#listed(one)) }]
    const module = this.modules.get(uid)
    if (method === 'PUT') {
      if (this.purged.has(uid)) return [409, { code: 'WARMSLOT_MODULE_CONFLICT', detail: 'it was purged' }]
      const [name, digest, owner] = ['name', 'digest', 'owner'].map((one) => query.get(one) ?? '')
      this.modules.set(uid, { uid, name: name!, digest: digest!, owner: owner! })
      return [module === undefined ? 201 : 200, this.#listed(this.modules.get(uid)!)]
    }
    if (method === 'DELETE') {
      this.modules.delete(uid)
      this.purged.add(uid)
      return [200, this.receipt(uid, query.get('digest'))]
    }
    return module === undefined
      ? [404, { code: 'WARMSLOT_UNKNOWN_MODULE', detail: 'no such module' }]
      : [200, this.#listed(module)]
  }

  #listed(module: FakeModule): object {
    return { ...module, state: 'ready', slots: { warm: 0, inUse: 0, ...this.slots } }
  }
}

export const startFake: StartHost<FakeHost> = ({ address }, podUid) =>
  FakeHost.start(address, adminPort, podUid)
