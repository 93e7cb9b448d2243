/** The data port's own paths: running commands, calling exports. */
import { answerHeader, jsonAnswer, type Part, parameterRef, type Paths, schemaRef } from './parts.ts'
import { type ProblemStatus, problems } from './problems.ts'
import { dataPort } from './servers.ts'

/** A request for a module may get each of them. */
const statuses: readonly ProblemStatus[] = [400, 404, 413, 429, 500, 502, 503, 504]

const commandAnswer: Part = {
  description: 'What the command wrote to its standard output, whatever its exit code.',
  headers: {
    'Warmslot-Exit-Code': answerHeader('0: it ended well.', { type: 'string', pattern: '^\\d+$' }),
    'Warmslot-Stderr': answerHeader(
      'What it wrote to its standard error, percent-encoded; left out where it wrote nothing.',
      { type: 'string', maxLength: 4_096, pattern: "^(?:[A-Za-z0-9_.!~*'()-]|%[0-9A-F]{2})*$" },
    ),
    'Warmslot-Stderr-Truncated': answerHeader('There was more of it.', { const: 'true' }),
  },
  content: { 'application/octet-stream': {} },
}

const run: Part = {
  operationId: 'run',
  summary: 'Runs a WASI command in an instance of its own.',
  tags: ['data'],
  security: [],
  parameters: ['name', 'arg', 'env', 'argumentsHeader', 'environmentHeader'].map(parameterRef),
  requestBody: {
    description: 'The standard input; of any type.',
    content: { 'application/octet-stream': {} },
  },
  responses: { '200': commandAnswer, ...problems(statuses) },
}

const call: Part = {
  operationId: 'call',
  summary: "Calls a library's exported function in an instance of its own.",
  tags: ['data'],
  security: [],
  parameters: ['name', 'export'].map(parameterRef),
  requestBody: {
    description: 'Left out: no arguments.',
    content: { 'application/json': { schema: schemaRef('Call') } },
  },
  responses: {
    '200': jsonAnswer('The result.', schemaRef('CallAnswer')),
    ...problems(statuses, ['WARMSLOT_UNKNOWN_EXPORT']),
  },
}

export const dataPaths: Paths = {
  '/v1/modules/{name}/run': { servers: [dataPort], post: run },
  '/v1/modules/{name}/call/{export}': { servers: [dataPort], post: call },
}
