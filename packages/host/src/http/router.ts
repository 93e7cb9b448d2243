/** From a method and a path to a handler. Patterns are paths with `{parameters}` of one segment each. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BadRequestError } from '../errors/bad-request-error.ts'
import { HostError } from '../errors/host-error.ts'
import type { HttpAnswer } from './answers.ts'

export interface HttpRequest {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** Decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

/** Undefined: the handler answers by itself, as a stream. */
export type Handler = (request: HttpRequest) => Promise<HttpAnswer | undefined> | HttpAnswer | undefined

export interface Route {
  readonly method: string
  readonly path: string
  /** Whether it may be called without a token. @default false */
  readonly open?: boolean
  readonly handle: Handler
}

class NoSuchPathError extends HostError {
  readonly code = 'WARMSLOT_NO_SUCH_PATH'
  readonly status = 404
}

class MethodNotAllowedError extends HostError {
  readonly code = 'WARMSLOT_METHOD_NOT_ALLOWED'
  readonly status = 405
}

export interface Match {
  readonly route: Route
  readonly parameters: Record<string, string>
}

export class Router {
  readonly routes: readonly Route[]
  readonly #segments: readonly (readonly string[])[]

  constructor(routes: readonly Route[]) {
    this.routes = routes
    this.#segments = routes.map(({ path }) => path.split('/'))
  }

  /** @throws HostError where there is none */
  match(method: string, path: string): Match {
    const segments = path.split('/').map(decoded)
    const others: string[] = []
    for (const [index, route] of this.routes.entries()) {
      const parameters = parametersOf(this.#segments[index]!, segments)
      if (parameters === undefined) continue
      if (route.method === method) return { route, parameters }
      others.push(route.method)
    }
    if (others.length > 0)
      throw new MethodNotAllowedError(`This path takes ${others.join(', ')}, not ${method}.`)
    throw new NoSuchPathError('There is nothing at this path.')
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new BadRequestError('The path is not percent-encoded UTF-8.', { cause })
  }
}

function parametersOf(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]!
    if (part.startsWith('{')) parameters[part.slice(1, -1)] = segment
    else if (part !== segment) return undefined
  }
  return parameters
}
