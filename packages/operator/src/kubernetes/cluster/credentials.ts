/**
 * What a KubeConfig has for a connection: headers and TLS material, read anew when they are older than a few seconds, since token and
 * certificate files are rotated. Concurrent requests share one reading.
 *
 * `@kubernetes/client-node` keeps what a token file said for a minute; here the file is read each time. What an exec plugin said is kept
 * by it until the plugin's own expiry.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AgentOptions, RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { KubernetesConnectionError } from '../errors/kubernetes-connection-error.ts'
import type { Clock } from '../time/clock.ts'

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: AgentOptions
  /** Differs when something differs that a connection was made with. */
  readonly fingerprint: string
}

const tlsFields = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'] as const

export class CredentialsReader {
  readonly #kubeConfig: KubeConfig
  readonly #maxAgeMs: number
  readonly #clock: Clock
  #reading: Promise<Credentials> | undefined
  #readAtMs = 0

  constructor(kubeConfig: KubeConfig, maxAgeMs: number, clock: Clock) {
    this.#kubeConfig = kubeConfig
    this.#maxAgeMs = maxAgeMs
    this.#clock = clock
  }

  /** @throws KubernetesConnectionError (as a rejection) */
  read(): Promise<Credentials> {
    if (this.#reading === undefined || this.#clock.now() - this.#readAtMs >= this.#maxAgeMs) {
      this.#readAtMs = this.#clock.now()
      const reading = this.#readNow()
      this.#reading = reading
      // The next request tries anew.
      reading.catch(() => this.forget(reading))
    }
    return this.#reading
  }

  /** These were refused, or could not be had. Does nothing where newer ones are read already. */
  forget(reading: Promise<Credentials>): void {
    if (this.#reading === reading) this.#reading = undefined
  }

  async #readNow(): Promise<Credentials> {
    try {
      const options: RequestOptions = {}
      await this.#kubeConfig.applyToHTTPSOptions(options)
      const headers: Record<string, string> = {}
      for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value)
      if (typeof options.auth === 'string')
        headers['Authorization'] ??= `Basic ${Buffer.from(options.auth).toString('base64')}`
      const tokenFile = this.#tokenFile()
      if (tokenFile !== undefined) headers['Authorization'] = `Bearer ${await readFile(tokenFile, 'utf8')}`
      // A file's last line end is not part of the token.
      if (headers['Authorization'] !== undefined) headers['Authorization'] = headers['Authorization'].trim()
      const tls: Record<string, unknown> = {}
      for (const field of tlsFields) if (options[field] !== undefined) tls[field] = options[field]
      return { headers, tls, fingerprint: fingerprintOf(tls) }
    } catch (error) {
      const message = `The credentials of the kubeconfig's user could not be had: ${(error as Error).message}`
      throw new KubernetesConnectionError('authentication', message, { cause: error })
    }
  }

  #tokenFile(): string | undefined {
    const user = this.#kubeConfig.getCurrentUser()
    // `token` counts before a provider, in client-node too.
    return user?.token ? undefined : user?.authProvider?.config?.tokenFile
  }
}

function fingerprintOf(tls: Record<string, unknown>): string {
  const hash = createHash('sha256')
  for (const field of tlsFields) {
    const value = tls[field]
    const text = Buffer.isBuffer(value) ? value.toString('base64') : JSON.stringify(value)
    hash.update(`${field}=${text ?? ''}\n`)
  }
  return hash.digest('hex')
}
