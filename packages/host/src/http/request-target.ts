/**
 * Takes a request's target apart: RFC 9112 section 3.2. What `new URL` would do to it is not done: no dots are resolved, and a path
 * that begins with two slashes has no host in it, so a path means what it says.
 */
import { BadRequestError } from '../errors/bad-request-error.ts'

export interface RequestTarget {
  /** Not decoded. */
  readonly path: string
  readonly query: URLSearchParams
}

/** What a proxy is sent, and every server must take. */
const absoluteForm = /^https?:\/\/[^/?#]+/i

/** @throws BadRequestError for what is neither a path nor an address with one */
export function readTarget(target: string): RequestTarget {
  const origin = absoluteForm.exec(target)?.[0] ?? ''
  if (origin !== '' && !URL.canParse(origin)) throw new BadRequestError('The request is for no host.')
  const local = target.slice(origin.length)
  const end = local.indexOf('?')
  const path = end < 0 ? local : local.slice(0, end)
  if (!path.startsWith('/') && origin === '') throw new BadRequestError('The request is for no path.')
  return { path: path === '' ? '/' : path, query: new URLSearchParams(end < 0 ? '' : local.slice(end + 1)) }
}
