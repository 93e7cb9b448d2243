/** What is told of modules. */
import { closedObject, type Part, schemaRef, wholeNumber } from './parts.ts'

export const moduleSchemas: Part = {
  ModuleState: {
    enum: ['loading', 'ready', 'draining', 'purging', 'purged'],
    description:
      '`loading`: not all workers have it yet. `draining`: it takes no requests, and those that it has taken are answered. `purging`: it is being removed, until the kernel says that nothing is left.',
  },
  ModuleKind: {
    enum: ['command', 'library'],
    description: '`command`: exports `_start`, and is run. `library`: its exports are called.',
  },
  Module: closedObject({
    uid: schemaRef('Name'),
    name: schemaRef('Name'),
    digest: schemaRef('Digest'),
    state: schemaRef('ModuleState'),
    kind: schemaRef('ModuleKind'),
    settings: schemaRef('ModuleSettings'),
    byteLength: { ...wholeNumber, description: "Of the module's bytes." },
    loadedAt: { type: 'string', format: 'date-time' },
    requests: { ...wholeNumber, description: 'Those that run or wait.' },
  }),
  Modules: closedObject({ modules: { type: 'array', items: schemaRef('Module') } }),
}
