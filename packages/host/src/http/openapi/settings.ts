/** Settings of a module: parameters of the request that puts it, and part of its description. */
import { closedObject, type Part, parameterRef } from './parts.ts'

const gibibyte = 2 ** 30

const schemas: Readonly<Record<string, Part>> = {
  timeLimitMs: {
    type: 'integer',
    minimum: 1,
    maximum: gibibyte - 1,
    default: 10_000,
    description: 'How long one request may run, in milliseconds.',
  },
  memoryBytes: {
    type: 'integer',
    minimum: 65_536,
    maximum: 4 * gibibyte,
    multipleOf: 65_536,
    description: "How large its memory may become, in bytes. Default, and most: the host's `maxMemoryBytes`.",
  },
  concurrency: {
    type: 'integer',
    minimum: 1,
    maximum: 1_024,
    description: 'How many of its requests may run at once. Default: the number of workers.',
  },
  queue: {
    type: 'integer',
    minimum: 0,
    maximum: 100_000,
    default: 100,
    description: 'How many of its requests may wait; one more is answered with 429.',
  },
  requestBytes: {
    type: 'integer',
    minimum: 0,
    maximum: gibibyte,
    default: 10_485_760,
    description: "How large a request's body may be, in bytes.",
  },
  responseBytes: {
    type: 'integer',
    minimum: 0,
    maximum: gibibyte,
    default: 10_485_760,
    description: 'How much a guest may write to its standard output, and to its standard error, in bytes.',
  },
  initialize: {
    enum: ['each-request', 'once'],
    default: 'each-request',
    description:
      "When a library's `_initialize` runs: in each request, or once, when the module is loaded; each request then starts with the memory that this left.",
  },
}

export const settingSchemas: Part = {
  ModuleSettings: { description: 'All of them, with their defaults filled in.', ...closedObject(schemas) },
}

export const settingParameters: Part = Object.fromEntries(
  Object.entries(schemas).map(([name, schema]) => [
    name,
    { name, in: 'query', description: schema['description'], schema },
  ]),
)

export const settingParameterRefs: readonly Part[] = Object.keys(schemas).map(parameterRef)
