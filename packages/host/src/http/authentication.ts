/** Who may use the administration port: whoever has the token of the token file, or one that Kubernetes vouches for. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../listen-address.ts'
import { BadRequestError } from '../errors/bad-request-error.ts'
import { UnauthorizedError } from '../errors/unauthorized-error.ts'
import type { TokenReviews } from '../kubernetes/token-reviews.ts'

/** Resolves for who may, and throws UnauthorizedError for who may not. */
export type Authenticate = (request: IncomingMessage) => Promise<void> | void

/** For ports that are open. */
export const everybody: Authenticate = () => undefined

/**
 * For administration on a loopback address: whoever calls it by such an address. A page of a browser that reaches it under a name of
 * its own making (DNS rebinding) says that name.
 */
export const whoeverIsHere: Authenticate = ({ headers }) => {
  const name = (headers.host ?? '').replace(/:\d+$/, '')
  const hostname = name.replace(/^\[(.*)\]$/, '$1')
  if (isLoopback({ hostname, port: 0 })) return
  throw new BadRequestError('Call this port by a loopback address, or give the host a token file.')
}

/** The shortest token that is accepted, in characters: whatever is shorter can be guessed. */
const shortestToken = 16

/**
 * Compares in constant time with the token in a file, which is read again when it changes (a mounted secret is replaced).
 * @throws Error where the file cannot be read, or holds no token
 */
export async function bearerToken(path: string): Promise<Authenticate> {
  let version = ''
  let expected: Buffer = Buffer.alloc(0)
  const refresh = async (): Promise<void> => {
    const { mtimeMs, ino, size } = await stat(path)
    const found = `${mtimeMs}:${ino}:${size}`
    if (found === version) return
    const token = (await readFile(path, 'utf8')).trim()
    if (token.length < shortestToken)
      throw new Error(
        `The token in ${path} has ${token.length} characters; it needs ${shortestToken} at least.`,
      )
    expected = digest(token)
    version = found
  }
  await refresh()
  return async (request) => {
    // While the file is being replaced, the token that was there counts.
    await refresh().catch(() => undefined)
    const given = bearerOf(request)
    if (!timingSafeEqual(digest(given), expected)) throw new UnauthorizedError()
  }
}

/** By a token of a service account. Throws UnavailableError where nobody can say. */
export function reviewedToken(reviews: TokenReviews): Authenticate {
  return async (request) => {
    const given = bearerOf(request)
    if (given === '' || !(await reviews.accepts(given))) throw new UnauthorizedError()
  }
}

/** Whoever may by one of them; a later one is asked only if those before have refused. */
export function anyOf(ways: readonly Authenticate[]): Authenticate {
  return async (request) => {
    for (const way of ways) {
      try {
        return await way(request)
      } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error
      }
    }
    throw new UnauthorizedError()
  }
}

/** Empty where there is none. */
function bearerOf({ headers }: IncomingMessage): string {
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
