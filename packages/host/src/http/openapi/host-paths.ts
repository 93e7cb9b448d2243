/** The host itself. */
import { closedObject, jsonAnswer, type Part, type Paths, schemaRef } from './parts.ts'
import { problems } from './problems.ts'
import { adminPort } from './servers.ts'

export const hostSchemas: Part = {
  Host: closedObject(
    {
      instance: { type: 'string', format: 'uuid', description: 'New at each start.' },
      startedAt: {
        type: 'string',
        format: 'date-time',
        description:
          "When the process had come up, before it listened, by its machine's clock: never before its container's start, and before the start of any container that follows.",
      },
      now: {
        type: 'string',
        format: 'date-time',
        description: 'When this was said, by the same clock: a moment at which the process was there.',
      },
      bootId: {
        type: 'string',
        format: 'uuid',
        description: "The machine's: Linux makes a new one at each start. Left out where it cannot be read.",
      },
      podUid: { ...schemaRef('Name'), description: 'UID of its pod in Kubernetes: option `podUid`.' },
      version: { type: 'string', description: 'Of this package.' },
      workers: { type: 'integer', minimum: 1, description: 'Worker threads.' },
      slots: { type: 'integer', minimum: 1, description: 'Slots of each worker.' },
    },
    ['bootId', 'podUid'],
  ),
}

const host: Part = {
  operationId: 'host',
  summary: 'Who this host is, and how large.',
  tags: ['operations'],
  responses: { '200': jsonAnswer('This one.', schemaRef('Host')), ...problems([401, 503]) },
}

export const hostPaths: Paths = {
  '/v1/host': { servers: [adminPort], get: host },
}
