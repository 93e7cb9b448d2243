/**
 * The layer of an OCI artifact that is WebAssembly (OCI distribution specification 1.1; CNCF's "Wasm OCI artifact layout"). Registries that ask
 * for a token give one to everybody, or this cannot read them: the operator has no passwords.
 *
 * A registry on a loopback address is spoken to without TLS, as other tools do.
 */
import { SourceError } from '../errors/source-error.ts'
import type { Download, Downloader, DownloadOptions } from './download.ts'
import { readOciReference } from './oci-reference.ts'

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]
const layerTypes = [
  'application/wasm',
  'application/vnd.wasm.content.layer.v1+wasm',
  'application/vnd.module.wasm.content.layer.v1+wasm',
]
const longestManifestBytes = 4 * 2 ** 20

interface Manifest {
  readonly layers?: readonly {
    readonly mediaType?: string
    readonly digest?: string
    readonly size?: number
  }[]
}

export async function readOci(
  downloader: Downloader,
  text: string,
  digest: string,
  options: DownloadOptions,
): Promise<Uint8Array> {
  const { registry, repository, reference } = readOciReference(text)
  const scheme = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(registry) ? 'http' : 'https'
  const base = `${scheme}://${registry}/v2/${repository}`
  const session = new RegistrySession(downloader, options)
  const answer = await session.get(
    `${base}/manifests/${reference}`,
    longestManifestBytes,
    manifestTypes.join(', '),
  )
  const layer = wasmLayer(answer.bytes, text, digest)
  return (await session.get(`${base}/blobs/${layer}`, options.maxBytes, '*/*')).bytes
}

/** @returns its digest @throws SourceError */
function wasmLayer(bytes: Uint8Array, reference: string, digest: string): string {
  let manifest: Manifest
  try {
    manifest = JSON.parse(Buffer.from(bytes).toString('utf8')) as Manifest
  } catch (error) {
    throw new SourceError('InvalidSource', `${reference} has a manifest that is no JSON.`, { cause: error })
  }
  const layers = (manifest.layers ?? []).filter(
    ({ mediaType }) => mediaType !== undefined && layerTypes.includes(mediaType),
  )
  const wanted = layers.find((one) => one.digest === digest)
  if (wanted?.digest !== undefined) return wanted.digest
  const found = layers.map((one) => one.digest).join(', ') || 'none'
  throw new SourceError(
    layers.length === 0 ? 'InvalidSource' : 'DigestMismatch',
    `${reference} has no layer of WebAssembly with the digest ${digest}; its layers of WebAssembly: ${found}.`,
  )
}

/** Requests to one registry, with the token that it has given. */
class RegistrySession {
  readonly #downloader: Downloader
  readonly #options: DownloadOptions
  #token: string | undefined

  constructor(downloader: Downloader, options: DownloadOptions) {
    this.#downloader = downloader
    this.#options = options
  }

  async get(url: string, maxBytes: number, accept: string): Promise<Download> {
    let answer = await this.#get(url, maxBytes, accept)
    const challenge = answer.headers['www-authenticate']
    if (answer.status === 401 && typeof challenge === 'string' && this.#token === undefined) {
      this.#token = await this.#askForToken(challenge, url)
      answer = await this.#get(url, maxBytes, accept)
    }
    if (answer.status === 200) return answer
    throw new SourceError('SourceUnavailable', `${url} answered with status ${answer.status}.`)
  }

  #get(url: string, maxBytes: number, accept: string): Promise<Download> {
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }
    return this.#downloader.get(url, { ...this.#options, maxBytes, headers: { accept, ...authorization } })
  }

  /** By the challenge of a 401: `Bearer realm="…",service="…",scope="…"`. */
  async #askForToken(challenge: string, asked: string): Promise<string> {
    const parameters = new Map(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
    )
    const realm = parameters.get('realm')
    if (!/^bearer /i.test(challenge) || realm === undefined || !URL.canParse(realm))
      throw new SourceError('SourceUnavailable', `${asked} wants a password, and the operator has none.`)
    const url = new URL(realm)
    for (const name of ['service', 'scope']) {
      const value = parameters.get(name)
      if (value !== undefined) url.searchParams.set(name, value)
    }
    const { status, bytes } = await this.#downloader.get(url.href, {
      ...this.#options,
      maxBytes: longestManifestBytes,
    })
    const { token, access_token: accessToken } = status === 200 ? readToken(bytes) : {}
    const given = token ?? accessToken
    if (typeof given === 'string' && given !== '') return given
    throw new SourceError(
      'SourceUnavailable',
      `${url.origin} gives no token to everybody (status ${status}).`,
    )
  }
}

function readToken(bytes: Uint8Array): { token?: unknown; access_token?: unknown } {
  try {
    return (JSON.parse(Buffer.from(bytes).toString('utf8')) ?? {}) as { token?: unknown }
  } catch {
    return {}
  }
}
