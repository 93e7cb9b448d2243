/**
 * Requests to Kubernetes' API server, as a pod makes them: with the token and the certificates of its service account. Both files are read
 * for each request, since they are replaced while the pod runs.
 *
 * Assumes that requests are few, and that a second one does no harm: one is sent again where the server has closed the connection meanwhile.
 */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import { checkServerIdentity } from './server-identity.ts'

export interface ApiServerOptions {
  /** A name or an address; IPv6 without brackets. */
  readonly hostname: string
  readonly port: number
  /** With `token` and `ca.crt`. */
  readonly serviceAccountFolder: string
  /** How long an answer may take, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 5_000
const mostConnections = 4
const longestAnswerBytes = 2 ** 20

/** Where it is, by the variables that each pod has; undefined: this is no pod. */
export function apiServerAddress(
  environment: Readonly<Record<string, string | undefined>>,
): Pick<ApiServerOptions, 'hostname' | 'port'> | undefined {
  const hostname = environment['KUBERNETES_SERVICE_HOST']
  const port = Number(
    environment['KUBERNETES_SERVICE_PORT_HTTPS'] ?? environment['KUBERNETES_SERVICE_PORT'] ?? 443,
  )
  return hostname === undefined || hostname === '' ? undefined : { hostname, port }
}

export class ApiServer implements Disposable {
  readonly #options: ApiServerOptions
  // A check of one request's own would end its connection after it.
  readonly #agent = new Agent({
    keepAlive: true,
    maxSockets: mostConnections,
    maxFreeSockets: 1,
    checkServerIdentity,
  })

  constructor(options: ApiServerOptions) {
    this.#options = options
  }

  /** Whether the files can be read. @throws the file system's error */
  async check(): Promise<void> {
    await this.#credentials()
  }

  /**
   * Creates something, or asks something that is asked in this way.
   * @throws Error for any answer but JSON and a status of success, and where there is none in time
   */
  async post(path: string, body: object): Promise<unknown> {
    const { hostname, port, timeoutMs = defaultTimeoutMs } = this.#options
    const { token, ca } = await this.#credentials()
    const text = JSON.stringify(body)
    const options: RequestOptions = {
      method: 'POST',
      hostname,
      port,
      path,
      // Of the agent's connections, those that were made with these certificates are used.
      ca,
      rejectUnauthorized: true,
      agent: this.#agent,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      },
    }
    return readAnswer(await send(options, text))
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  async #credentials(): Promise<{ token: string; ca: string }> {
    const read = (name: string): Promise<string> =>
      readFile(join(this.#options.serviceAccountFolder, name), 'utf8')
    const [token, ca] = await Promise.all([read('token'), read('ca.crt')])
    return { token: token.trim(), ca }
  }
}

function send(options: RequestOptions, text: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(options, resolve)
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server had closed a connection that was kept, and the request met that.
      if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(send(options, text))
      else reject(error)
    })
    sent.end(text)
  })
}

/** @throws Error */
async function readAnswer(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > longestAnswerBytes) throw new Error(`The answer is longer than ${longestAnswerBytes} bytes.`)
    chunks.push(chunk)
  }
  const status = answer.statusCode ?? 0
  if (status < 200 || status > 299) throw new Error(`The API server answered with status ${status}.`)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
