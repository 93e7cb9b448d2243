/** What the two ports answer, as OpenAPI 3.1. */
import { adminPaths } from './openapi/admin-paths.ts'
import { callSchemas } from './openapi/calls.ts'
import { dataPaths } from './openapi/data-paths.ts'
import { hostPaths, hostSchemas } from './openapi/host-paths.ts'
import { moduleSchemas } from './openapi/modules.ts'
import { operationsPaths, operationsSchemas } from './openapi/operations-paths.ts'
import { nameSchemas, parameters } from './openapi/parameters.ts'
import type { Part } from './openapi/parts.ts'
import { problemSchemas } from './openapi/problems.ts'
import { receiptSchemas } from './openapi/receipts.ts'
import { settingParameters, settingSchemas } from './openapi/settings.ts'
import { slotMapPaths, slotMapSchemas } from './openapi/slot-map-paths.ts'

const description = `Serves WebAssembly modules, each request in its own pooled instance.

Every path has one or both of two ports: its \`servers\`. What is described nowhere here is answered with problem details too: 404
\`WARMSLOT_NO_SUCH_PATH\`, 405 \`WARMSLOT_METHOD_NOT_ALLOWED\` with the methods that there are in \`Allow\`. \`HEAD\` is answered as \`GET\`,
without the body.

Answers of the administration port have the header \`Warmslot-Instance\`: the instance of \`GET /v1/host\`.`

export const openApi: Part = {
  openapi: '3.1.0',
  info: {
    title: 'Warmslot host',
    version: '1',
    description,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  tags: [
    { name: 'data', description: 'Running commands, calling exports.' },
    { name: 'administration', description: 'Modules: put, look, delete.' },
    { name: 'operations', description: 'For those who run the host.' },
    { name: 'slot map', description: 'Every slot of every worker.' },
  ],
  security: [{ token: [] }],
  paths: { ...dataPaths, ...adminPaths, ...hostPaths, ...operationsPaths, ...slotMapPaths },
  components: {
    securitySchemes: {
      token: {
        type: 'http',
        scheme: 'bearer',
        description:
          "What the token file of the host holds, or a token of one of Kubernetes' service accounts that may (option `tokenReviewAudience`). A host with neither takes all requests, and listens on loopback only.",
      },
    },
    parameters: { ...parameters, ...settingParameters },
    schemas: {
      ...nameSchemas,
      ...settingSchemas,
      ...moduleSchemas,
      ...receiptSchemas,
      ...callSchemas,
      ...hostSchemas,
      ...operationsSchemas,
      ...slotMapSchemas,
      ...problemSchemas,
    },
  },
}
