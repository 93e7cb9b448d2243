/** What a purge hands back. */
import { closedObject, durationMs, type Part, schemaRef, wholeNumber } from './parts.ts'

const moment: Part = { type: 'string', format: 'date-time' }

export const receiptSchemas: Part = {
  WorkerReceipt: {
    description: 'What a purge did in one worker.',
    ...closedObject({
      worker: { type: 'integer', minimum: 1 },
      complete: { type: 'boolean', description: "Nothing of the module is left in this worker's slots." },
      slotsCleared: wholeNumber,
      mappingsRemoved: wholeNumber,
      bytesRemoved: wholeNumber,
      durationMs,
      ended: {
        type: 'boolean',
        description: 'The worker ended before it had purged: its memory went with it.',
      },
    }),
  },
  Receipt: {
    description:
      'Of a purge: what each worker did, and what the kernel says of the whole process afterwards.',
    ...closedObject({
      uid: schemaRef('Name'),
      name: schemaRef('Name'),
      digest: schemaRef('Digest'),
      instance: { type: 'string', format: 'uuid', description: 'Of the host that answers for this.' },
      loaded: {
        type: 'boolean',
        description:
          'False: it was never here, or could not be loaded. So there was nothing to remove, and nothing of it to ask the kernel for; what counts is that no module comes under this UID any more.',
      },
      complete: {
        type: 'boolean',
        description: "No mapping and no descriptor of the module's images is left in this process.",
      },
      kernel: {
        description: 'Of the whole process, from /proc/self/maps and /proc/self/fd.',
        ...closedObject({ mappings: wholeNumber, descriptors: wholeNumber }),
      },
      workers: { type: 'array', items: schemaRef('WorkerReceipt') },
      attempts: { ...wholeNumber, description: 'How often it was tried; 0 for what was never here.' },
      startedAt: moment,
      finishedAt: moment,
      durationMs,
    }),
  },
  CompleteReceipt: { allOf: [schemaRef('Receipt')], properties: { complete: { const: true } } },
  PendingPurge: {
    description: 'A purge that is not proved yet.',
    ...closedObject(
      {
        uid: schemaRef('Name'),
        complete: { const: false },
        state: schemaRef('ModuleState'),
        requests: { ...wholeNumber, description: 'Those that are waited for.' },
        lastAttempt: schemaRef('Receipt'),
      },
      ['lastAttempt'],
    ),
  },
}
