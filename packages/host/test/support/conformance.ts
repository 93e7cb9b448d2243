/** Whether answers are as the description says: their status, type, headers and bodies. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { openApi } from '../../src/http/openapi.ts'
import { type RawAnswer, rawRequest, type RawRequest } from './raw-request.ts'

export interface Operation {
  readonly method: string
  /** With `{parameters}`. */
  readonly path: string
}

interface AnswerPart {
  readonly headers?: Readonly<Record<string, { readonly schema: object }>>
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>
}

export interface OperationPart {
  readonly operationId: string
  readonly security?: readonly object[]
  readonly responses: Readonly<Record<string, AnswerPart>>
}

export interface PathPart {
  readonly servers: readonly { readonly description: string }[]
  readonly [method: string]: OperationPart | PathPart['servers']
}

export const paths: Readonly<Record<string, PathPart>> = openApi['paths'] as Record<string, PathPart>

const validator = new Ajv2020({ strict: false, allErrors: true })
// Types of CommonJS packages have the default export twice.
;(formats as unknown as (ajv: Ajv2020) => void)(validator)
validator.addSchema(openApi, 'description')
const compiled = new Map<string, ValidateFunction>()

function validate(pointer: readonly string[], value: unknown, what: string): void {
  const path = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
  const reference = `description#/${path.join('/')}`
  const check = compiled.get(reference) ?? validator.compile({ $ref: reference })
  compiled.set(reference, check)
  if (!check(value))
    throw new Error(`${what} ${JSON.stringify(value)}: ${validator.errorsText(check.errors)} (${reference})`)
}

/** @throws Error that says what is not as it is described */
export function checkAnswer({ method, path }: Operation, { status, headers, body }: RawAnswer): void {
  const operation = paths[path]?.[method.toLowerCase()] as OperationPart | undefined
  const what = `${method} ${path}, ${status}`
  if (operation === undefined) throw new Error(`${what}: not described`)
  const described = operation.responses[status]
  if (described === undefined) throw new Error(`${what}: no such status; ${body.toString('utf8')}`)
  const pointer = ['paths', path, method.toLowerCase(), 'responses', String(status)]
  for (const name of Object.keys(described.headers ?? {})) {
    const value = headers[name.toLowerCase()]
    if (value !== undefined) validate([...pointer, 'headers', name, 'schema'], value, `${what}, ${name}`)
  }
  const type = String(headers['content-type']).split(';')[0]!
  const content = described.content?.[type]
  if (content === undefined) throw new Error(`${what}: a body of type ${type}`)
  if (content.schema === undefined) return
  const text = body.toString('utf8')
  const value: unknown = type.endsWith('json') ? JSON.parse(text) : text
  validate([...pointer, 'content', type, 'schema'], value, what)
}

/** @param name of a schema among the description's components @throws Error that says what is not as it is described */
export function checkSchema(name: string, value: unknown): void {
  validate(['components', 'schemas', name], value, name)
}

/** Of a request for a path, the path of the description; undefined: there is none for this port. */
export function describedPath(target: string, port: 'data' | 'admin'): string | undefined {
  const segments = target.split('?')[0]!.split('/')
  return Object.keys(paths).find((path) => {
    const parts = path.split('/')
    return (
      paths[path]!.servers.some(({ description }) => description.startsWith(`The ${port}`)) &&
      parts.length === segments.length &&
      parts.every((part, index) => part.startsWith('{') || part === segments[index])
    )
  })
}

/** A request, and how it must be answered. */
export interface Case extends RawRequest {
  /** The path of the description. */
  readonly described: string
  readonly status: number
}

/** @throws Error that says what was answered otherwise */
export async function checkCase(base: string, { described, status, ...request }: Case): Promise<void> {
  const answer = await rawRequest(base, request)
  if (answer.status !== status)
    throw new Error(`${answer.status} instead of ${status}: ${answer.body.toString('utf8')}`)
  checkAnswer({ method: request.method ?? 'GET', path: described }, answer)
}
