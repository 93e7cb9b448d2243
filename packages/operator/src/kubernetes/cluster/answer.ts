/** Reads the API server's answers, no more of them than allowed. */
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { type ApiStatus, KubernetesApiError } from '../errors/kubernetes-api-error.ts'
import { KubernetesProtocolError } from '../errors/kubernetes-protocol-error.ts'

/** What is read of a refusal. */
const maxRefusalBytes = 64 * 2 ** 10
/** What of a refusal that is no `Status` gets into the message. */
const maxMessageLength = 300

/** @throws KubernetesProtocolError it is larger, or no JSON */
export async function readJson<T>(request: string, body: Readable, maxBytes: number): Promise<T> {
  const { bytes, isWhole } = await readBytes(body, maxBytes)
  if (!isWhole) {
    const message = `The answer to ${request} is larger than ${maxBytes} bytes (option "maxAnswerBytes").`
    throw new KubernetesProtocolError(message)
  }
  try {
    return JSON.parse(bytes.toString('utf8')) as T
  } catch (error) {
    throw new KubernetesProtocolError(
      `The answer to ${request} is not JSON: is it the API server that answers?`,
      {
        cause: error,
      },
    )
  }
}

export async function readRefusal(
  request: string,
  { statusCode, headers, body }: Dispatcher.ResponseData,
  now: Date,
): Promise<KubernetesApiError> {
  const { bytes } = await readBytes(body, maxRefusalBytes)
  const retryAfter = retryAfterSeconds(headers['retry-after'], now)
  return new KubernetesApiError(request, statusCode, statusOf(bytes.toString('utf8')), retryAfter)
}

function statusOf(text: string): ApiStatus {
  try {
    const answer: unknown = JSON.parse(text)
    if (typeof answer === 'object' && answer !== null && (answer as ApiStatus).kind === 'Status')
      return answer as ApiStatus
  } catch {
    // A proxy's page, or nothing: what it says is the message.
  }
  return { message: text.trim().slice(0, maxMessageLength) }
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfterSeconds(header: string | string[] | undefined, now: Date): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const dateMs = Date.parse(header)
  return Number.isNaN(dateMs) ? undefined : Math.max(0, Math.ceil((dateMs - now.getTime()) / 1000))
}

async function readBytes(body: Readable, maxBytes: number): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    chunks.push(chunk)
    // Leaving the loop destroys the body, and with it the connection.
    if (length > maxBytes) return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isWhole: false }
  }
  return { bytes: Buffer.concat(chunks), isWhole: true }
}
