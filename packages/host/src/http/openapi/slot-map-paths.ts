/** The slot map: the page, and what it is told. */
import { closedObject, jsonAnswer, type Part, type Paths, schemaRef, wholeNumber } from './parts.ts'
import { problems } from './problems.ts'
import { adminPort } from './servers.ts'

const number = { type: 'string', pattern: '^[0-9]+$' }

/** An object that has these under names of its own. */
function keyed(propertyNames: Part, additionalProperties: Part, description: string): Part {
  return { type: 'object', propertyNames, additionalProperties, description }
}

const slot = closedObject(
  {
    state: {
      enum: ['untouched', 'empty', 'affine', 'in-use', 'queued', 'retired'],
      description:
        '`empty`: was used, maps no image. `affine`: maps the image of its module. `queued`: waits to be reset. `retired`: given up, because the kernel refused to clear it.',
    },
    module: schemaRef('Name'),
    warm: { type: 'boolean', description: 'A live instance waits for the next request of the module.' },
    hits: { ...wholeNumber, description: 'How often the module found its image mapped here.' },
    residentBytes: { ...wholeNumber, description: 'Private memory. Missing until it has been asked for.' },
  },
  ['module', 'residentBytes'],
)

const worker = closedObject(
  {
    busy: {
      type: 'boolean',
      description: 'It has not answered in time: its slots are the last that are known.',
    },
    running: { ...schemaRef('Name'), description: 'UID of the module whose guest keeps it busy.' },
    slots: keyed(number, schemaRef('Slot'), 'By number. A slot that is missing is untouched.'),
  },
  ['running'],
)

const module = closedObject({
  name: schemaRef('Name'),
  digest: schemaRef('Digest'),
  state: schemaRef('ModuleState'),
  requests: { ...wholeNumber, description: 'Those that run or wait.' },
})

export const slotMapSchemas: Part = {
  Slot: slot,
  Slots: closedObject({
    startedAt: { type: 'string', format: 'date-time', description: 'When the host began.' },
    slotsPerWorker: wholeNumber,
    workers: keyed(number, worker, 'By number.'),
    modules: keyed(schemaRef('Name'), module, 'By UID: those that are not purged.'),
  }),
}

const page: Part = {
  operationId: 'slotMap',
  summary: 'The slot map, for people. It asks for the token where there is one.',
  tags: ['slot map'],
  security: [],
  responses: {
    '200': {
      description: 'The page. Its script, style and icon are beside it.',
      content: { 'text/html': { schema: { type: 'string' } } },
    },
  },
}

const once: Part = {
  operationId: 'slots',
  summary: 'How every slot of every worker stands now.',
  tags: ['slot map'],
  responses: { '200': jsonAnswer('Every worker.', schemaRef('Slots')), ...problems([401]) },
}

const live: Part = {
  operationId: 'slotEvents',
  summary: 'How every slot stands, and what changes, until the client leaves or the host ends.',
  tags: ['slot map'],
  responses: {
    '200': {
      description:
        'Server-sent events. `state` is a whole state, as `/v1/slots` has it: the first event, and one for a client that did not keep up. `changes` is a JSON merge patch (RFC 7396) to what came before. A comment comes every 15 seconds.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...problems([401, 503]),
  },
}

export const slotMapPaths: Paths = {
  '/': { servers: [adminPort], get: page },
  '/v1/slots': { servers: [adminPort], get: once },
  '/v1/slots/events': { servers: [adminPort], get: live },
}
