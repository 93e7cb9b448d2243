/**
 * How calls of exports look as JSON:
 *
 *     { "arguments": [1, 2.5, { "i64": "-9007199254740993" }, "text", { "bytes": "<base64>" }], "result": "string" }
 *     { "result": "text" }
 *
 * A string and bytes are two parameters in WebAssembly, address and length. "result" says how results are read: "value" (the
 * default: a number, {"i64": "..."}, null for none, an array for several), "string" or "bytes".
 */
import { BadRequestError } from '../errors/bad-request-error.ts'
import type { CallArgument, CallInput } from '../workers/protocol.ts'

const resultForms: readonly string[] = ['value', 'string', 'bytes'] satisfies CallInput['result'][]

/** @throws BadRequestError */
export function readCall(name: string, body: Uint8Array): CallInput {
  const { arguments: given = [], result = 'value', ...others } = readObject(body)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    throw new BadRequestError(`The call has "arguments" and "result", no ${JSON.stringify(unknown)}.`)
  if (!Array.isArray(given)) throw new BadRequestError('"arguments" must be an array.')
  if (typeof result !== 'string' || !resultForms.includes(result))
    throw new BadRequestError(`"result" must be one of ${resultForms.join(', ')}.`)
  return {
    type: 'call',
    export: name,
    arguments: given.map(readArgument),
    result: result as CallInput['result'],
  }
}

function readObject(body: Uint8Array): Record<string, unknown> {
  if (body.byteLength === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new BadRequestError(`The body is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new BadRequestError('The body must be a JSON object: {"arguments": [...]}.')
}

function readArgument(value: unknown, index: number): CallArgument {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return new TextEncoder().encode(value)
  const { i64, bytes } = (value ?? {}) as { i64?: unknown; bytes?: unknown }
  if (typeof i64 === 'string' && /^-?\d{1,20}$/.test(i64)) return readI64(BigInt(i64), index)
  if (typeof bytes === 'string') return readBase64(bytes, index)
  throw new BadRequestError(
    `Argument ${index} must be a number, a string, {"i64": "decimal digits"} or {"bytes": "base64"}, not ${JSON.stringify(value)}.`,
  )
}

/** Signed or unsigned: both are the same 64 bits. JavaScript would cut off what is more. */
function readI64(value: bigint, index: number): bigint {
  if (value === BigInt.asIntN(64, value) || value === BigInt.asUintN(64, value)) return value
  throw new BadRequestError(`Argument ${index} has more than 64 bits.`)
}

function readBase64(text: string, index: number): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  // Node.js skips what is no base64.
  if (bytes.toString('base64').replaceAll('=', '') !== text.replaceAll('=', ''))
    throw new BadRequestError(`Argument ${index} is not base64.`)
  return bytes
}

/** @param value what the guest returned: values, or bytes */
export function writeResult(value: unknown, form: CallInput['result']): unknown {
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return form === 'string' ? bytes.toString('utf8') : bytes.toString('base64')
  }
  if (Array.isArray(value)) return value.map((one) => writeValue(one))
  return writeValue(value)
}

function writeValue(value: unknown): unknown {
  if (typeof value === 'bigint') return { i64: String(value) }
  // JSON has no such numbers.
  if (typeof value === 'number' && !Number.isFinite(value)) return { f64: String(value) }
  if (typeof value === 'number') return Object.is(value, -0) ? { f64: '-0' } : value
  return null
}
