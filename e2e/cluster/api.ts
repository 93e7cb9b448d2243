/** Requests to the API server, through `kubectl proxy`. */
import { inject } from 'vitest'

const requestMs = 30_000

/** What the API server refused, or could not do. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError'
  readonly code: string = 'WARMSLOT_E2E_API'
  readonly status: number

  constructor(asked: string, status: number, said: string) {
    super(`${asked}: status ${status}: ${said.slice(0, 1000)}`)
    this.status = status
  }
}

interface ListOf<T> {
  readonly items: readonly T[]
}

async function request(
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<unknown> {
  const response = await fetch(`${inject('api')}${path}`, {
    method,
    signal: AbortSignal.timeout(requestMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': type } }),
  })
  const text = await response.text()
  if (!response.ok) throw new ApiError(`${method} ${path}`, response.status, text)
  return JSON.parse(text)
}

/** Undefined where there is none. */
export async function get<T>(path: string): Promise<T | undefined> {
  try {
    return (await request('GET', path)) as T
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

export async function list<T>(path: string): Promise<readonly T[]> {
  return ((await request('GET', path)) as ListOf<T>).items
}

export async function create(path: string, object: unknown): Promise<void> {
  await request('POST', path, object)
}

/** Merges (RFC 7386). */
export async function merge(path: string, change: unknown): Promise<void> {
  await request('PATCH', path, change, 'application/merge-patch+json')
}

/** Asks for the deletion, and does not wait for it. */
export async function remove(
  path: string,
  { graceSeconds }: { readonly graceSeconds?: number } = {},
): Promise<void> {
  await request('DELETE', path, graceSeconds === undefined ? undefined : { gracePeriodSeconds: graceSeconds })
}
