/**
 * A real Kubernetes API server with an etcd of its own, as envtest has it: no kubelet, no controllers, no scheduler.
 *
 * RBAC is on. Pods are made by hand and their status is patched, so the admission plugin ServiceAccount, which would want service accounts and mount
 * tokens, is off; all others are as by default. TokenRequest and TokenReview work, with audiences. A namespace that is deleted stays
 * (its controller is not there): take a new one for each test.
 *
 * Guarantees: both programs end with this process, also where it is killed; the folder goes with `stop`, or when the next one starts.
 * etcd listens on a socket in that folder only.
 * Errors: `start` and `restart` throw with the last lines of the program that failed.
 */
import { KubeConfig } from '@kubernetes/client-node'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { callApi, type ApiServerAddress } from './call-api.ts'
import { findPrograms, missingPrograms, type KubernetesPrograms } from './find-programs.ts'
import { freePort } from './free-port.ts'
import { kubeConfigOf } from './kube-config.ts'
import { apiServerFlags, etcdFlags } from './program-flags.ts'
import { SpawnedProgram } from './spawned-program.ts'
import { newWorkingFolder } from './working-folder.ts'

export interface ApiServerOptions {
  /** More flags for kube-apiserver, such as `--min-request-timeout=5`; they count before the usual ones. */
  readonly flags?: readonly string[]
  /** How long it may take until it is ready, in milliseconds. @default 60_000 */
  readonly readyMs?: number
}

export interface RestartOptions {
  /** SIGTERM: it ends what it is doing. SIGKILL: as in a crash. @default 'SIGTERM' */
  readonly signal?: 'SIGTERM' | 'SIGKILL'
  /** What is done while it is down. */
  readonly whileDown?: () => Promise<void>
}

export class ApiServer implements AsyncDisposable {
  readonly #programs: KubernetesPrograms
  readonly #folder: string
  readonly #port: number
  readonly #flags: readonly string[]
  readonly #readyMs: number
  readonly #adminToken = randomBytes(16).toString('hex')
  readonly #etcd: SpawnedProgram
  #apiServer: SpawnedProgram
  #certificateAuthority = ''

  /** Resolves when it is ready: after about five seconds. @throws Error */
  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const programs = findPrograms()
    if (programs === undefined) throw new Error(missingPrograms())
    const server = new ApiServer(programs, await freePort(), options)
    try {
      await server.#untilReady()
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  private constructor(programs: KubernetesPrograms, port: number, options: ApiServerOptions) {
    this.#programs = programs
    this.#port = port
    this.#flags = options.flags ?? []
    this.#readyMs = options.readyMs ?? 60_000
    this.#folder = newWorkingFolder()
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.#write('service-accounts.key', privateKey.export({ type: 'pkcs8', format: 'pem' }))
    this.#write('service-accounts.pub', publicKey.export({ type: 'spki', format: 'pem' }))
    this.#write('tokens.csv', `${this.#adminToken},admin,admin,system:masters\n`)
    this.#etcd = new SpawnedProgram('etcd', programs.etcd, etcdFlags, this.#folder)
    this.#apiServer = this.#startApiServer()
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  get address(): ApiServerAddress {
    return { url: this.url, certificateAuthority: this.#certificateAuthority, adminToken: this.#adminToken }
  }

  get pids(): readonly number[] {
    return [this.#etcd.pid, this.#apiServer.pid].filter((pid) => pid !== undefined)
  }

  /** @param token @default the administrator's */
  kubeConfig(token: string = this.#adminToken): KubeConfig {
    return kubeConfigOf(this.address, token)
  }

  /** Ends kube-apiserver and starts it again: same data, address and certificate; connections and watches are gone. */
  async restart({ signal = 'SIGTERM', whileDown }: RestartOptions = {}): Promise<void> {
    await this.#apiServer.end(signal)
    await whileDown?.()
    this.#apiServer = this.#startApiServer()
    await this.#untilReady()
  }

  /** Connections stay open, and nothing is answered, until `resume`. */
  pause(): void {
    this.#apiServer.signal('SIGSTOP')
  }

  resume(): void {
    this.#apiServer.signal('SIGCONT')
  }

  /** Ends both programs and deletes their data. May be repeated. */
  async stop(): Promise<void> {
    await Promise.all([this.#apiServer.end('SIGKILL'), this.#etcd.end('SIGKILL')])
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #startApiServer(): SpawnedProgram {
    const flags = [...apiServerFlags(this.#port), ...this.#flags]
    return new SpawnedProgram('kube-apiserver', this.#programs.apiServer, flags, this.#folder)
  }

  async #untilReady(): Promise<void> {
    const end = performance.now() + this.#readyMs
    while (!(await this.#isReady())) {
      for (const program of [this.#etcd, this.#apiServer]) {
        if (program.ending !== undefined)
          throw new Error(`${program.ending}. It said:\n${program.lastLines()}`)
      }
      if (performance.now() > end)
        throw new Error(`No API server after ${this.#readyMs} ms. It said:\n${this.#apiServer.lastLines()}`)
      await wait(50)
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      this.#certificateAuthority = readFileSync(join(this.#folder, 'certificates/apiserver.crt'), 'utf8')
      return (await callApi(this.address, '/readyz', { timeoutMs: 2_000 })).status === 200
    } catch {
      return false
    }
  }

  #write(name: string, content: string | Buffer): void {
    writeFileSync(join(this.#folder, name), content, { mode: 0o600 })
  }
}
