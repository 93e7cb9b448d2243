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
  ModuleSlots: {
    description:
      'Slots of all workers, as they were a second ago or later; of a worker that is busy, when it was not.',
    ...closedObject({
      affine: { ...wholeNumber, description: 'Free ones that map its image.' },
      warm: { ...wholeNumber, description: 'Those of them in which a live instance waits.' },
      inUse: { ...wholeNumber, description: 'Those of requests that run.' },
      residentBytes: {
        ...wholeNumber,
        description: 'Private memory that they hold, as far as the kernel was asked: once a second at most.',
      },
    }),
  },
  Module: closedObject(
    {
      uid: schemaRef('Name'),
      name: schemaRef('Name'),
      digest: schemaRef('Digest'),
      owner: schemaRef('Owner'),
      state: schemaRef('ModuleState'),
      kind: schemaRef('ModuleKind'),
      settings: schemaRef('ModuleSettings'),
      byteLength: { ...wholeNumber, description: "Of the module's bytes." },
      loadedAt: { type: 'string', format: 'date-time' },
      requests: { ...wholeNumber, description: 'Those that run or wait.' },
      slots: { ...schemaRef('ModuleSlots'), description: 'Left out in the answer to a `PUT`: ask for it.' },
    },
    ['owner', 'slots'],
  ),
  Modules: closedObject({ modules: { type: 'array', items: schemaRef('Module') } }),
}
