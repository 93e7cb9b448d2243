/** Settings of a module: parameters of the request that puts it, and part of its description. */
import { initializations, type NumberSetting, settingRanges } from '../../modules/module-settings.ts'
import { closedObject, type Part, parameterRef } from './parts.ts'

const descriptions: Readonly<Record<NumberSetting, string>> = {
  timeLimitMs: 'How long one request may run, in milliseconds.',
  memoryBytes: "How large its memory may become, in bytes. Default, and most: the host's `maxMemoryBytes`.",
  concurrency: 'How many of its requests may run at once. Default: the number of workers.',
  queue: 'How many of its requests may wait; one more is answered with 429.',
  requestBytes: "How large a request's body may be, in bytes.",
  warmSlots:
    "How many instances are ready in slots before the module is, over all workers, as many in each; there is one in each in any case. Most: the host's `workers` times its `slots`.",
  responseBytes: 'How much a guest may write to its standard output, and to its standard error, in bytes.',
}

const numbers = Object.entries(settingRanges).map(([name, { least, most, multipleOf, otherwise }]) => [
  name,
  {
    type: 'integer',
    minimum: least,
    maximum: most,
    ...(multipleOf !== undefined && { multipleOf }),
    ...(otherwise !== undefined && { default: otherwise }),
    description: descriptions[name as NumberSetting],
  },
])

const schemas: Readonly<Record<string, Part>> = {
  ...Object.fromEntries(numbers),
  initialize: {
    enum: initializations,
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
