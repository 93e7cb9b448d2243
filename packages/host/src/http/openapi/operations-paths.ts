/** For those who run the host. */
import { closedObject, jsonAnswer, type Part, type Paths, schemaRef } from './parts.ts'
import { problems } from './problems.ts'
import { adminPort, dataPort } from './servers.ts'

export const operationsSchemas: Part = {
  Alive: closedObject({ alive: { const: true } }),
  Ready: closedObject({ ready: { const: true } }),
  NotReady: closedObject({ ready: { const: false }, reason: { enum: ['starting', 'draining'] } }),
}

const alive: Part = {
  operationId: 'alive',
  summary: 'Whether the process answers.',
  tags: ['operations'],
  security: [],
  responses: { '200': jsonAnswer('It does.', schemaRef('Alive')) },
}

const ready: Part = {
  operationId: 'ready',
  summary: 'Whether requests are taken now.',
  tags: ['operations'],
  security: [],
  responses: {
    '200': jsonAnswer('They are.', schemaRef('Ready')),
    '503': jsonAnswer('They are not.', schemaRef('NotReady')),
  },
}

const metrics: Part = {
  operationId: 'metrics',
  summary: 'What is counted, for Prometheus.',
  tags: ['operations'],
  responses: {
    '200': {
      description: 'Text exposition format 0.0.4.',
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
    ...problems([401, 503]),
  },
}

const description: Part = {
  operationId: 'description',
  summary: 'This description.',
  tags: ['operations'],
  security: [],
  responses: { '200': jsonAnswer('OpenAPI 3.1.', { type: 'object' }) },
}

export const operationsPaths: Paths = {
  '/healthz': { servers: [dataPort, adminPort], get: alive },
  '/readyz': { servers: [dataPort, adminPort], get: ready },
  '/metrics': { servers: [adminPort], get: metrics },
  '/openapi.json': { servers: [adminPort], get: description },
}
