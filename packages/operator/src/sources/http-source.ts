/** Bytes at a URL. */
import { SourceError } from '../errors/source-error.ts'
import type { Downloader, DownloadOptions } from './download.ts'

export async function readHttp(
  downloader: Downloader,
  url: string,
  options: DownloadOptions,
): Promise<Uint8Array> {
  const { status, bytes } = await downloader.get(url, options)
  if (status === 200) return bytes
  throw new SourceError('SourceUnavailable', `${url} answered with status ${status}.`)
}
