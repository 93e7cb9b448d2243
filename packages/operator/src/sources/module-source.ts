/**
 * A Module's bytes, from wherever it says, with the digest that it says. Those that were had last are kept, so that fifty hosts do not mean
 * fifty downloads; several who want the same wait for one, which ends when none of them waits any more.
 */
import { createHash } from 'node:crypto'
import { SourceError } from '../errors/source-error.ts'
import type { ApiClient } from '../kubernetes/cluster/api-client.ts'
import type { Module } from '../resource/module.ts'
import { readConfigMap } from './config-map-source.ts'
import { Downloader } from './download.ts'
import { readHttp } from './http-source.ts'
import { readOci } from './oci-source.ts'
import { SharedWork } from './shared-work.ts'
import { Turns } from './turns.ts'

export interface ModuleSourcesOptions {
  readonly cluster: ApiClient
  /** How large a module may be, in bytes. @default 268_435_456 (256 MiB) */
  readonly moduleBytes?: number
  /** How much of what was had is kept, in bytes. @default 134_217_728 (128 MiB) */
  readonly keptBytes?: number
  /** How long one may take, in milliseconds. @default 60_000 */
  readonly timeoutMs?: number
  /** Asked before something is read elsewhere than from the API server; after a no it waits until `goOn` is called. @default always */
  readonly mayBegin?: () => boolean
  /** @default a new one; it is disposed with this */
  readonly downloader?: Downloader
}

const mib = 2 ** 20
/** Sources elsewhere that are read at once: each may take `moduleBytes` twice for a moment. */
const mostAtOnce = 2

export class ModuleSources implements AsyncDisposable {
  readonly #cluster: ApiClient
  readonly #downloader: Downloader
  readonly #moduleBytes: number
  readonly #keptBytes: number
  readonly #timeoutMs: number
  /** The one that was used last at the end. */
  readonly #kept = new Map<string, Uint8Array>()
  readonly #reading = new Map<string, SharedWork<Uint8Array>>()
  readonly #turns: Turns
  #bytes = 0

  constructor(options: ModuleSourcesOptions) {
    const { cluster, moduleBytes = 256 * mib, keptBytes = 128 * mib, timeoutMs = 60_000 } = options
    this.#cluster = cluster
    this.#moduleBytes = moduleBytes
    this.#keptBytes = keptBytes
    this.#timeoutMs = timeoutMs
    this.#downloader = options.downloader ?? new Downloader()
    this.#turns = new Turns(mostAtOnce, options.mayBegin)
  }

  /** What was had before, if it is kept. */
  kept(module: Module): Uint8Array | undefined {
    const key = keyOfSource(module)
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    return kept
  }

  /** `mayBegin` may say something else than before. */
  goOn(): void {
    this.#turns.goOn()
  }

  /** @throws SourceError; the signal's reason, at once */
  async read(module: Module, signal?: AbortSignal): Promise<Uint8Array> {
    const kept = this.kept(module)
    if (kept !== undefined) return kept
    const key = keyOfSource(module)
    let reading = this.#reading.get(key)
    if (reading === undefined || reading.isEnded) {
      reading = new SharedWork((ending) => this.#fetch(key, module, ending))
      this.#reading.set(key, reading)
    }
    try {
      return await reading.wait(signal)
    } finally {
      // Each who waited comes here; by then there may be another one.
      if (reading.isEnded && this.#reading.get(key) === reading) this.#reading.delete(key)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#downloader[Symbol.asyncDispose]()
  }

  async #fetch(key: string, module: Module, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#open(module, signal)
    const { digest } = module.spec
    const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (found !== digest)
      throw new SourceError('DigestMismatch', `The source has ${found}, and "digest" says ${digest}.`)
    this.#keep(key, bytes)
    return bytes
  }

  async #open({ metadata, spec }: Module, signal: AbortSignal): Promise<Uint8Array> {
    const { configMap, http, oci } = spec.source
    // Small, and it comes from the API server, so it need not wait for servers that may be slow.
    if (configMap) return await readConfigMap(this.#cluster, metadata.namespace ?? '', configMap, signal)
    const options = { maxBytes: this.#moduleBytes, timeoutMs: this.#timeoutMs, signal }
    // Each server has a lane of its own.
    if (http)
      return await this.#turns.take(
        URL.canParse(http.url) ? new URL(http.url).host : '',
        () => readHttp(this.#downloader, http.url, options),
        signal,
      )
    if (oci)
      return await this.#turns.take(
        oci.reference.split('/', 1)[0]!,
        () => readOci(this.#downloader, oci.reference, spec.digest, options),
        signal,
      )
    throw new SourceError(
      'InvalidSource',
      'The source is none that this version knows: configMap, http or oci.',
    )
  }

  #keep(key: string, bytes: Uint8Array): void {
    if (bytes.byteLength > this.#keptBytes) return
    this.#kept.set(key, bytes)
    this.#bytes += bytes.byteLength
    for (const [oldest, { byteLength }] of this.#kept) {
      if (this.#bytes <= this.#keptBytes) break
      this.#kept.delete(oldest)
      this.#bytes -= byteLength
    }
  }
}

/** What one namespace may read, another may not have by its digest alone. */
function keyOfSource({ metadata, spec }: Module): string {
  return JSON.stringify([metadata.namespace ?? '', spec.source, spec.digest])
}
