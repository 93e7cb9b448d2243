/** Request bodies, whole, in memory of their own. */
import type { IncomingMessage } from 'node:http'
import { BadRequestError } from '../errors/bad-request-error.ts'
import { TooLargeError } from '../errors/too-large-error.ts'

/** @throws TooLargeError as soon as that is known; BadRequestError where the client is gone before its end */
export async function readBody(
  request: IncomingMessage,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limitBytes) throw new TooLargeError(limitBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // Not destroyed where it is too large: that would close the connection before the answer is sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength
      if (bytes > limitBytes) throw new TooLargeError(limitBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof TooLargeError) throw error
    throw new BadRequestError('The body ended before its end: the connection was closed.', { cause: error })
  }
  const all = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}
