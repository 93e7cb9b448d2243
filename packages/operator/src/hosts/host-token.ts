/** The bearer token for hosts, from a file that is replaced from time to time (a projected service-account token). */
import { readFile } from 'node:fs/promises'

/** For so long a token counts as read, in milliseconds. */
const maxAgeMs = 10_000

/** @returns what asks for the token; while the file cannot be read, the one that was there counts */
export function tokenFromFile(path: string): () => Promise<string | undefined> {
  let token: string | undefined
  let readAtMs = -Infinity
  return async () => {
    if (performance.now() - readAtMs < maxAgeMs) return token
    readAtMs = performance.now()
    token = await readFile(path, 'utf8').then(
      (text) => text.trim(),
      () => token,
    )
    return token
  }
}
