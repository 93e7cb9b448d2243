/**
 * The administration of one host, over HTTP. All of it may be repeated. What hosts answer is read with care: they may be of another
 * version, broken, or lying.
 *
 * Errors: HostUnreachableError where nothing came back, HostAnswerError where a host says no.
 */
import { Agent, request } from 'undici'
import { HostAnswerError } from '../errors/host-answer-error.ts'
import { HostUnreachableError } from '../errors/host-unreachable-error.ts'
import type { HostReceipt } from '../proof/receipt-proof.ts'
import {
  type HostIdentity,
  type ListedModule,
  readIdentity,
  readListed,
  readObject,
  text,
} from './host-answers.ts'

export interface PutModule {
  readonly hostUID: string
  readonly name: string
  readonly digest: string
  readonly owner: string
  readonly settings: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** What came of a `DELETE`. */
export type PurgeAnswer =
  | { readonly done: true; readonly receipt: HostReceipt; readonly instance: string | undefined }
  | { readonly done: false; readonly receipt: HostReceipt | undefined; readonly requests: number | undefined }

export interface HostClientOptions {
  /** Bearer token, asked for at each request. @default none */
  readonly token?: () => Promise<string | undefined>
  /** How long an answer may take, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
  /** The same for loading a module, which is compiled and warmed meanwhile. @default 120_000 */
  readonly loadTimeoutMs?: number
  /** Connections to one host at most. @default 4 */
  readonly connections?: number
  /** Called before each request; throws where it may not be sent. @default all may */
  readonly check?: () => void
}

/** No answer of a host is larger, in bytes: a list of 100,000 modules fits. */
const longestAnswerBytes = 64 * 2 ** 20

/** A host's code for a UID that it does not have. */
const unknownModule = 'WARMSLOT_UNKNOWN_MODULE'

interface Answer {
  readonly status: number
  readonly instance: string | undefined
  readonly body: Record<string, unknown>
}

interface Question {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly path: string
  readonly instance?: string | undefined
  readonly body?: Uint8Array
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** What controllers ask of hosts. */
export type HostApi = Pick<HostClient, 'put' | 'purge' | 'has'>

export class HostClient implements AsyncDisposable {
  readonly #agent: Agent
  readonly #token: () => Promise<string | undefined>
  readonly #timeoutMs: number
  readonly #loadTimeoutMs: number
  readonly #check: () => void

  constructor(options: HostClientOptions = {}) {
    const { connections = 4, timeoutMs = 5_000, loadTimeoutMs = 120_000, token, check } = options
    this.#agent = new Agent({
      connections,
      connect: { timeout: timeoutMs },
      maxResponseSize: longestAnswerBytes,
    })
    this.#timeoutMs = timeoutMs
    this.#check = check ?? (() => undefined)
    this.#loadTimeoutMs = loadTimeoutMs
    this.#token = token ?? (async () => undefined)
  }

  /** Who is there. */
  async identify(url: string): Promise<HostIdentity> {
    const { body } = await this.#ask(url, { method: 'GET', path: '/v1/host', timeoutMs: this.#timeoutMs })
    const identity = readIdentity(body)
    if (identity !== undefined) return identity
    throw new HostAnswerError(url, 0, undefined, 'it does not say which process it is')
  }

  /** All modules that it has. */
  async list(url: string): Promise<ListedModule[]> {
    const { body } = await this.#ask(url, { method: 'GET', path: '/v1/modules', timeoutMs: this.#timeoutMs })
    const modules = body['modules']
    if (!Array.isArray(modules))
      throw new HostAnswerError(url, 0, undefined, 'a list of modules without "modules"')
    return modules.map(readListed).filter((one) => one !== undefined)
  }

  /** Loads a module, unless the process there is another one than `instance`. */
  async put(url: string, instance: string, module: PutModule, signal?: AbortSignal): Promise<void> {
    const { name, digest, owner, settings, bytes, hostUID } = module
    const query = new URLSearchParams({ name, digest, owner, ...settings })
    const path = `/v1/modules/${hostUID}?${query.toString()}`
    await this.#ask(url, {
      method: 'PUT',
      path,
      instance,
      body: bytes,
      timeoutMs: this.#loadTimeoutMs,
      signal,
    })
  }

  /** Purges a module, and has the host remember that it is purged even where it never came. Waits `waitMs` for the receipt. */
  async purge(
    url: string,
    instance: string | undefined,
    module: { readonly hostUID: string; readonly digest: string; readonly name: string },
    waitMs: number,
  ): Promise<PurgeAnswer> {
    const query = new URLSearchParams({ digest: module.digest, name: module.name, waitMs: String(waitMs) })
    const path = `/v1/modules/${module.hostUID}?${query.toString()}`
    const answer = await this.#ask(url, {
      method: 'DELETE',
      path,
      instance,
      timeoutMs: waitMs + this.#timeoutMs,
    })
    if (answer.status === 200) return { done: true, receipt: answer.body, instance: answer.instance }
    const { lastAttempt, requests } = answer.body
    const receipt =
      typeof lastAttempt === 'object' ? ((lastAttempt ?? undefined) as HostReceipt | undefined) : undefined
    return { done: false, receipt, requests: typeof requests === 'number' ? requests : undefined }
  }

  /** Whether its list has the module. Only the host's own word is a no: anybody may answer 404 to a path that they do not know. */
  async has(url: string, hostUID: string): Promise<boolean> {
    try {
      await this.#ask(url, { method: 'GET', path: `/v1/modules/${hostUID}`, timeoutMs: this.#timeoutMs })
      return true
    } catch (error) {
      if (HostAnswerError.isInstance(error) && error.status === 404 && error.hostCode === unknownModule)
        return false
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }

  async #ask(url: string, question: Question): Promise<Answer> {
    const { method, path, instance, body, timeoutMs } = question
    const token = await this.#token()
    this.#check()
    const signal = AbortSignal.any([
      AbortSignal.timeout(timeoutMs),
      ...(question.signal ? [question.signal] : []),
    ])
    let status: number
    let content: string
    let from: string | undefined
    try {
      const answer = await request(`${url}${path}`, {
        method,
        dispatcher: this.#agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal,
        body: body ?? null,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(instance === undefined ? {} : { 'warmslot-instance': instance }),
        },
      })
      status = answer.statusCode
      from = header(answer.headers['warmslot-instance'])
      content = await answer.body.text()
    } catch (error) {
      question.signal?.throwIfAborted()
      throw new HostUnreachableError(url, reasonOf(error), { cause: error })
    }
    const read = readObject(content)
    if (status >= 200 && status < 300 && read !== undefined) return { status, instance: from, body: read }
    throw new HostAnswerError(
      url,
      status >= 200 && status < 300 ? 0 : status,
      text(read?.['code']),
      text(read?.['detail']) ?? content.slice(0, 200),
    )
  }
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : ''
  return `${code}${error.message}`.slice(0, 200)
}
