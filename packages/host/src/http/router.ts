/** From a method and a path to a handler. Patterns are paths with `{parameters}` of one segment each. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BadRequestError } from '../errors/bad-request-error.ts'
import { MethodNotAllowedError } from '../errors/method-not-allowed-error.ts'
import { NoSuchPathError } from '../errors/no-such-path-error.ts'
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
  /** Whether the answer ends only when somebody ends it: then there is no `HEAD`. @default false */
  readonly endless?: boolean
  readonly handle: Handler
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

  /** @param path not decoded @throws NoSuchPathError, MethodNotAllowedError, BadRequestError for what cannot be decoded */
  match(method: string, path: string): Match {
    const segments = path.split('/').map(decoded)
    const methods: string[] = []
    for (const [index, route] of this.routes.entries()) {
      const parameters = parametersOf(this.#segments[index]!, segments)
      if (parameters === undefined) continue
      const taken = methodsOf(route)
      if (taken.includes(method)) return { route, parameters }
      methods.push(...taken)
    }
    if (methods.length > 0) throw new MethodNotAllowedError(method, methods)
    throw new NoSuchPathError()
  }
}

/** Of an answer to HEAD, node:http leaves the body out. */
function methodsOf({ method, endless = false }: Route): string[] {
  return method === 'GET' && !endless ? ['GET', 'HEAD'] : [method]
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
