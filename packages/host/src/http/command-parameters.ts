/** Arguments and environment of a command, from the query (`arg`, `env`, each as often as wanted) or from headers with JSON. */
import type { IncomingHttpHeaders } from 'node:http'
import { BadRequestError } from '../errors/bad-request-error.ts'

/** Of the query, else of the header `warmslot-arguments`: a JSON array of strings. @throws BadRequestError */
export function argumentsOf(query: URLSearchParams, headers: IncomingHttpHeaders): string[] {
  const fromQuery = query.getAll('arg')
  const values = fromQuery.length > 0 ? fromQuery : jsonOf(headers, 'warmslot-arguments', [])
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string'))
    throw new BadRequestError('Header "warmslot-arguments" must be a JSON array of strings.')
  return values.map((value) => withoutNul('An argument', value))
}

/** `env=NAME=VALUE` of the query, else the header `warmslot-environment`: a JSON object of strings. @throws BadRequestError */
export function environmentOf(query: URLSearchParams, headers: IncomingHttpHeaders): Record<string, string> {
  const fromQuery = query.getAll('env')
  const entries = fromQuery.length > 0 ? fromQuery.map(assignment) : headerEntries(headers)
  for (const [name, value] of entries) {
    if (name === '' || name.includes('='))
      throw new BadRequestError('A variable of the environment has a name, without "=".')
    withoutNul('A variable', name + value)
  }
  return Object.fromEntries(entries)
}

function assignment(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 0) throw new BadRequestError(`"env" must be NAME=VALUE, not ${JSON.stringify(text)}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function headerEntries(headers: IncomingHttpHeaders): [string, string][] {
  const given = jsonOf(headers, 'warmslot-environment', {})
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const entries = isObject ? Object.entries(given) : undefined
  if (entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return entries
  throw new BadRequestError('Header "warmslot-environment" must be a JSON object of strings.')
}

/** @param otherwise what a header that is not there means */
function jsonOf(headers: IncomingHttpHeaders, name: string, otherwise: unknown): unknown {
  const text = headers[name]
  if (text === undefined) return otherwise
  try {
    return JSON.parse(String(text))
  } catch (cause) {
    throw new BadRequestError(`Header "${name}" is not JSON.`, { cause })
  }
}

/** C strings end there. */
function withoutNul(what: string, text: string): string {
  if (text.includes('\0')) throw new BadRequestError(`${what} must not hold a NUL character.`)
  return text
}
