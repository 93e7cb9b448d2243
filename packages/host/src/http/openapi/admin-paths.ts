/** The administration of modules. Each request may be repeated: the answer is the same. */
import { answerHeader, jsonAnswer, type Part, parameterRef, type Paths, schemaRef } from './parts.ts'
import { problems } from './problems.ts'
import { adminPort } from './servers.ts'
import { settingParameterRefs } from './settings.ts'

const location = answerHeader('Where to ask for it.', { type: 'string', format: 'uri-reference' })

const put: Part = {
  operationId: 'putModule',
  summary: 'Loads a module into all workers.',
  tags: ['administration'],
  parameters: [
    ...['uid', 'instanceHeader', 'digest', 'moduleName', 'owner'].map(parameterRef),
    ...settingParameterRefs,
  ],
  requestBody: {
    description: "The module's bytes; of any type.",
    required: true,
    content: { 'application/wasm': {} },
  },
  responses: {
    '201': jsonAnswer('It is ready.', schemaRef('Module'), { Location: location }),
    '200': jsonAnswer('It was here already, with these bytes.', schemaRef('Module'), { Location: location }),
    ...problems([400, 401, 409, 412, 413, 422, 500, 502, 503, 504], ['WARMSLOT_DIGEST_MISMATCH']),
  },
}

const list: Part = {
  operationId: 'listModules',
  summary: 'All modules that are not purged.',
  tags: ['administration'],
  responses: { '200': jsonAnswer('The modules.', schemaRef('Modules')), ...problems([401, 503]) },
}

const get: Part = {
  operationId: 'getModule',
  summary: 'One module.',
  tags: ['administration'],
  parameters: [parameterRef('uid')],
  responses: { '200': jsonAnswer('The module.', schemaRef('Module')), ...problems([400, 401, 404, 503]) },
}

const receiptAnswers: Part = {
  '200': jsonAnswer('The purge is complete, as the kernel says.', schemaRef('CompleteReceipt')),
  '202': jsonAnswer('It is not proved yet. Ask again.', schemaRef('PendingPurge'), {
    Location: location,
    'Retry-After': answerHeader('In seconds.', { type: 'string' }),
  }),
}

const remove: Part = {
  operationId: 'deleteModule',
  summary:
    'Purges a module: answers what it has taken, then removes it from all workers, and has the kernel prove it. With a digest, one that is not here is kept from coming.',
  tags: ['administration'],
  parameters: ['uid', 'instanceHeader', 'meantDigest', 'meantName', 'waitMs'].map(parameterRef),
  responses: { ...receiptAnswers, ...problems([400, 401, 404, 409, 412, 503]) },
}

const purge: Part = {
  operationId: 'getPurge',
  summary: 'How far the purge of a module is.',
  tags: ['administration'],
  parameters: [parameterRef('uid')],
  responses: { ...receiptAnswers, ...problems([400, 401, 404, 503]) },
}

export const adminPaths: Paths = {
  '/v1/modules': { servers: [adminPort], get: list },
  '/v1/modules/{uid}': { servers: [adminPort], put, get, delete: remove },
  '/v1/purges/{uid}': { servers: [adminPort], get: purge },
}
