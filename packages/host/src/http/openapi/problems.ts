/** Answers that say what is wrong: problem details, RFC 9457, with a `code` that stays. */
import { answerHeader, closedObject, type Part, schemaRef } from './parts.ts'

interface Kind {
  readonly description: string
  /** Those of `src/errors` that are answered with this status; empty: the engine's own may be among them. */
  readonly codes: readonly string[]
  readonly headers?: Part
}

const retryAfter = {
  'Retry-After': answerHeader('After how many seconds another try makes sense.', { type: 'string' }),
}

export type ProblemStatus = 400 | 401 | 404 | 409 | 412 | 413 | 422 | 429 | 500 | 502 | 503 | 504

const kinds: Readonly<Record<ProblemStatus, Kind>> = {
  400: {
    description: 'The request is wrong: its path, its parameters, or its body.',
    codes: ['WARMSLOT_BAD_REQUEST'],
  },
  401: {
    description: 'No token, or a wrong one.',
    codes: ['WARMSLOT_UNAUTHORIZED'],
    headers: { 'WWW-Authenticate': answerHeader('RFC 6750.', { const: 'Bearer' }) },
  },
  404: { description: 'There is no such module, or no such export.', codes: ['WARMSLOT_UNKNOWN_MODULE'] },
  409: {
    description:
      'What this UID has had stays: other bytes, or a module that is or was purged, or was deleted before it came.',
    codes: ['WARMSLOT_MODULE_CONFLICT'],
  },
  412: {
    description: 'The request is for another host than this one. Nothing was done.',
    codes: ['WARMSLOT_OTHER_INSTANCE'],
  },
  413: { description: 'The body is larger than allowed.', codes: ['WARMSLOT_TOO_LARGE'] },
  422: {
    description: 'The bytes are no module, or a module that cannot be pooled or run here.',
    codes: ['WARMSLOT_UNUSABLE_MODULE'],
  },
  429: {
    description: 'Too many requests of this module wait already.',
    codes: ['WARMSLOT_OVERLOADED'],
    headers: retryAfter,
  },
  500: {
    description:
      'The guest ended in a trap or an exception; or the host made a mistake (`WARMSLOT_INTERNAL`).',
    codes: [],
  },
  502: {
    description: 'The worker thread of this request was lost and is replaced.',
    codes: ['WARMSLOT_WORKER_LOST'],
  },
  503: {
    description:
      'Not now: too many requests wait, the module is being loaded or purged, or no slot is free; at the administration port also: Kubernetes cannot be asked whose token this is.',
    codes: ['WARMSLOT_OVERLOADED', 'WARMSLOT_UNAVAILABLE', 'WARMSLOT_POOL_EXHAUSTED'],
    headers: retryAfter,
  },
  504: { description: 'The guest did not end within its time limit.', codes: ['WARMSLOT_TIME_LIMIT'] },
}

/** Codes that only some paths answer with, beside those that a status always has. */
export type FurtherCode = 'WARMSLOT_DIGEST_MISMATCH' | 'WARMSLOT_UNKNOWN_EXPORT'

const statusOf: Readonly<Record<FurtherCode, ProblemStatus>> = {
  WARMSLOT_DIGEST_MISMATCH: 400,
  WARMSLOT_UNKNOWN_EXPORT: 404,
}

/** Answers by status. @param further codes that these requests may get as well */
export function problems(statuses: readonly ProblemStatus[], further: readonly FurtherCode[] = []): Part {
  return Object.fromEntries(statuses.map((status) => [String(status), answer(status, further)]))
}

function answer(status: ProblemStatus, further: readonly FurtherCode[]): Part {
  const { description, codes, headers } = kinds[status]
  const others = further.filter((code) => statusOf[code] === status)
  const code = codes.length === 0 ? {} : { code: { enum: [...codes, ...others] } }
  const schema = { allOf: [schemaRef('Problem')], properties: { status: { const: status }, ...code } }
  return {
    description,
    ...(headers !== undefined && { headers }),
    content: { 'application/problem+json': { schema } },
  }
}

export const problemSchemas: Part = {
  Problem: {
    description: 'Problem details, RFC 9457.',
    ...closedObject(
      {
        type: { const: 'about:blank' },
        title: { type: 'string', description: "The status's own." },
        status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status again.' },
        code: {
          type: 'string',
          pattern: '^WARMSLOT_[A-Z_]+$',
          description: 'What a program decides by; it stays the same when messages change.',
        },
        detail: { type: 'string', description: 'What happened, and what to do.' },
        stderr: {
          type: 'string',
          description: 'What the guest wrote to its standard error before it ended.',
        },
      },
      ['stderr'],
    ),
  },
}
