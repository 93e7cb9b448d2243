/** Parameters of paths, queries and headers, but for modules' settings. */
import { type Part } from './parts.ts'

const nameSchema: Part = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  pattern: '^[A-Za-z0-9](?:[A-Za-z0-9_-]|\\.(?!\\.))*$',
}

const ownerSchema: Part = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  pattern: '^[A-Za-z0-9](?:[A-Za-z0-9_/-]|\\.(?!\\.))*$',
  description: 'Who has put it, in words of their own.',
}

const digestSchema: Part = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' }

/** What names, UIDs and digests are, for parameters and answers alike. */
export const nameSchemas: Part = { Name: nameSchema, Owner: ownerSchema, Digest: digestSchema }

function inPath(name: string, description: string, schema: Part): Part {
  return { name, in: 'path', required: true, description, schema }
}

function inQuery(name: string, description: string, schema: Part, more: Part = {}): Part {
  return { name, in: 'query', description, schema, ...more }
}

function jsonHeader(name: string, description: string, schema: Part): Part {
  return { name, in: 'header', description, content: { 'application/json': { schema } } }
}

const eachOfItsOwn: Part = { style: 'form', explode: true }

export const parameters: Part = {
  name: inPath(
    'name',
    "A module's name. Where several modules have it, the one that became ready last answers.",
    nameSchema,
  ),
  export: inPath('export', 'The name of an exported function, percent-encoded.', { type: 'string' }),
  uid: inPath('uid', 'Who the module is, for ever: no other bytes are taken under it.', nameSchema),
  digest: inQuery('digest', 'Of the body. What has another one is not taken.', digestSchema, {
    required: true,
  }),
  meantDigest: inQuery(
    'digest',
    'Of the module that is meant. Then a UID that is not here is no error: it gets a receipt, and is kept from coming. One that has other bytes is a conflict.',
    digestSchema,
  ),
  meantName: inQuery('name', 'For the receipt of a module that is not here. Default: the UID.', nameSchema),
  moduleName: inQuery('name', 'The name that requests use. Default: the UID.', nameSchema),
  owner: inQuery(
    'owner',
    'Who puts it, in words of their own, so that a controller finds what is its own. The same UID with another one is a conflict.',
    ownerSchema,
  ),
  waitMs: inQuery('waitMs', 'How long the receipt is waited for, in milliseconds.', {
    type: 'integer',
    minimum: 0,
    maximum: 60_000,
    default: 5_000,
  }),
  arg: inQuery(
    'arg',
    "An argument of the command, after its name; as often as wanted, in order. No NUL characters. Where there is none, the header's count.",
    { type: 'array', items: { type: 'string' } },
    eachOfItsOwn,
  ),
  env: inQuery(
    'env',
    "A variable of the environment, `NAME=VALUE`; as often as wanted. Where there is none, the header's count.",
    { type: 'array', items: { type: 'string', pattern: '^[^=]+=' } },
    eachOfItsOwn,
  ),
  instanceHeader: {
    name: 'Warmslot-Instance',
    in: 'header',
    description:
      'Whom the request is for: any other host refuses it, and does nothing. Left out: whoever gets it.',
    schema: { type: 'string', format: 'uuid' },
  },
  argumentsHeader: jsonHeader('Warmslot-Arguments', 'Arguments of the command, as JSON.', {
    type: 'array',
    items: { type: 'string' },
  }),
  environmentHeader: jsonHeader('Warmslot-Environment', 'Variables of the environment, as JSON.', {
    type: 'object',
    additionalProperties: { type: 'string' },
  }),
}
