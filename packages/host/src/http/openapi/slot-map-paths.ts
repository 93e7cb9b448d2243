/** The slot map: a page, its state, and its changes as they happen. */
import { closedObject, jsonAnswer, type Part, type Paths, schemaRef, wholeNumber } from './parts.ts'
import { problems } from './problems.ts'
import { adminPort } from './servers.ts'

const byNumber: Part = { propertyNames: { pattern: '^\\d+$' } }

export const slotMapSchemas: Part = {
  Slot: closedObject(
    {
      state: {
        enum: ['untouched', 'empty', 'affine', 'in-use', 'queued', 'retired'],
        description:
          '`empty`: free, maps no image. `affine`: free, still maps the image of the module that used it last. `queued`: waits for a batched reset. `retired`: given up, since the kernel refused to clear it.',
      },
      module: { ...schemaRef('Name'), description: 'UID of the module whose image is mapped here.' },
      warm: {
        type: 'boolean',
        description: 'A live instance waits here for the next request of the module.',
      },
      hits: { ...wholeNumber, description: 'How often the module found its image mapped here.' },
      residentBytes: { ...wholeNumber, description: 'Private memory; left out until the kernel was asked.' },
    },
    ['module', 'residentBytes'],
  ),
  SlotWorker: closedObject(
    {
      busy: {
        type: 'boolean',
        description: 'It has not answered in time: its slots are the last that are known.',
      },
      running: { ...schemaRef('Name'), description: 'UID of the module whose guest keeps it busy.' },
      slots: {
        type: 'object',
        ...byNumber,
        additionalProperties: schemaRef('Slot'),
        description: 'By number. One that is missing is untouched.',
      },
    },
    ['running'],
  ),
  SlotModule: closedObject({
    name: schemaRef('Name'),
    digest: schemaRef('Digest'),
    state: schemaRef('ModuleState'),
    requests: { ...wholeNumber, description: 'Those that run or wait.' },
  }),
  SlotMap: closedObject({
    startedAt: { type: 'string', format: 'date-time', description: 'When the host began.' },
    slotsPerWorker: { type: 'integer', minimum: 1 },
    workers: { type: 'object', ...byNumber, additionalProperties: schemaRef('SlotWorker') },
    modules: {
      type: 'object',
      propertyNames: schemaRef('Name'),
      additionalProperties: schemaRef('SlotModule'),
    },
  }),
}

const page: Part = {
  operationId: 'slotMapPage',
  summary:
    'A page that draws every slot of every worker. It has no data in it; files that it loads are beside it.',
  tags: ['slot map'],
  security: [],
  responses: {
    '200': { description: 'HTML.', content: { 'text/html': { schema: { type: 'string' } } } },
  },
}

const slots: Part = {
  operationId: 'slots',
  summary: 'Every slot of every worker.',
  tags: ['slot map'],
  responses: { '200': jsonAnswer('As it stands.', schemaRef('SlotMap')), ...problems([401, 503]) },
}

const events: Part = {
  operationId: 'slotEvents',
  summary: 'The same as server-sent events, without an end.',
  tags: ['slot map'],
  responses: {
    '200': {
      description:
        'Event `state`: a whole `SlotMap`, first, and whenever the client did not keep up. Event `changes`: a JSON merge patch to it, RFC 7396.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...problems([401, 503]),
  },
}

export const slotMapPaths: Paths = {
  '/': { servers: [adminPort], get: page },
  '/v1/slots': { servers: [adminPort], get: slots },
  '/v1/slots/events': { servers: [adminPort], get: events },
}
