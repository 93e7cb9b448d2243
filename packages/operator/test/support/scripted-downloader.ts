/** Downloads that end when a test says, and never before. */
import { type Download, Downloader, type DownloadOptions } from '../../src/sources/download.ts'

interface Asked {
  readonly url: string
  readonly answer: (download: Download) => void
}

export class ScriptedDownloader extends Downloader {
  /** In turn. */
  readonly asked: string[] = []
  /** Those that were ended. */
  readonly ended: string[] = []
  readonly #underWay = new Set<Asked>()
  /** URLs that are answered at once. */
  readonly ready: Map<string, Uint8Array> = new Map()

  get underWay(): string[] {
    return [...this.#underWay].map(({ url }) => url)
  }

  override async get(url: string, { signal }: DownloadOptions): Promise<Download> {
    signal?.throwIfAborted()
    this.asked.push(url)
    const bytes = this.ready.get(url)
    if (bytes !== undefined) return { status: 200, headers: {}, bytes }
    return await new Promise((resolve, reject) => {
      const asked = { url, answer: resolve }
      this.#underWay.add(asked)
      signal?.addEventListener('abort', () => {
        if (this.#underWay.delete(asked)) this.ended.push(url)
        reject(signal.reason as Error)
      })
    })
  }

  /** Answers the one that was asked for first. */
  answer(url: string, bytes: Uint8Array, status = 200): void {
    const asked = [...this.#underWay].find((one) => one.url === url)
    if (asked === undefined) throw new Error(`nobody asks for ${url}`)
    this.#underWay.delete(asked)
    // As if they came over a network: each its own.
    asked.answer({ status, headers: {}, bytes: Buffer.from(bytes) })
  }
}
