/** A request to the API server, before it has credentials. */
import type { Verb } from './cluster-options.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface RequestLimits {
  /** Ends the request; its reason is thrown then. */
  readonly signal?: AbortSignal | undefined
  /** In milliseconds. @default the Cluster's */
  readonly timeoutMs?: number | undefined
}

export interface ApiRequest extends RequestLimits {
  readonly method: Method
  /** From the server's root: `/api/v1/pods`. */
  readonly path: string
  /** Those that are undefined are left out. */
  readonly query?: Query | undefined
  /** Sent as JSON. */
  readonly body?: unknown
  /** Of the body. @default 'application/json' */
  readonly contentType?: string | undefined
  /** For counting. @default told by the method */
  readonly verb?: Verb | undefined
}

interface Target {
  readonly origin: string
  readonly path: string
  readonly method: Method
  readonly body: string | null
}

/** The server may stand under a path of its own, behind a proxy. */
export function targetOf(server: URL, { method, path, query = {}, body }: ApiRequest): Target {
  const root = server.pathname.replace(/\/+$/, '')
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const question = search.size > 0 ? `?${search}` : ''
  return {
    origin: server.origin,
    path: `${root}${path}${question}`,
    method,
    body: body === undefined ? null : JSON.stringify(body),
  }
}

const verbs: Readonly<Record<Method, Verb>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

export function verbOf({ verb, method }: ApiRequest): Verb {
  return verb ?? verbs[method]
}

/** For messages, without the query: it may be long. */
export function describeRequest({ method, path, verb }: ApiRequest): string {
  return `${verb === 'watch' ? 'WATCH' : method} ${path}`
}
