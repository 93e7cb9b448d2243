/** The data plane: running commands, and calling exports. */
import { BadRequestError } from '../errors/bad-request-error.ts'
import { readName } from '../modules/module-name.ts'
import type { ModuleRegistry } from '../modules/module-registry.ts'
import type { CallOutput, CommandOutput } from '../workers/protocol.ts'
import type { HttpAnswer } from './answers.ts'
import { json } from './answers.ts'
import { readBody } from './body.ts'
import { readCall, writeResult } from './call-convention.ts'
import { argumentsOf, environmentOf } from './command-parameters.ts'
import type { HttpRequest, Route } from './router.ts'
import { stderrHeaders } from './stderr-headers.ts'

export function runRoutes(modules: ModuleRegistry): Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/modules/{name}/run',
      open: true,
      handle: (request) => run(modules, request),
    },
    {
      method: 'POST',
      path: '/v1/modules/{name}/call/{export}',
      open: true,
      handle: (request) => call(modules, request),
    },
  ]
}

async function run(
  modules: ModuleRegistry,
  { message, parameters, query, signal }: HttpRequest,
): Promise<HttpAnswer> {
  const module = modules.named(readName('name', parameters['name']!))
  if (module.kind !== 'command')
    throw new BadRequestError(
      `Module "${module.identity.name}" is no command: it exports no "_start". Call its exports.`,
    )
  const input = {
    type: 'command',
    arguments: argumentsOf(query, message.headers),
    environment: environmentOf(query, message.headers),
    stdin: await readBody(message, module.settings.requestBytes),
  } as const
  const { exitCode, stdout, stderr } = (await modules.run(module, input, signal)) as CommandOutput
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'warmslot-exit-code': String(exitCode),
      ...stderrHeaders(stderr),
    },
    body: stdout,
  }
}

async function call(
  modules: ModuleRegistry,
  { message, parameters, signal }: HttpRequest,
): Promise<HttpAnswer> {
  const module = modules.named(readName('name', parameters['name']!))
  if (module.kind === 'command')
    throw new BadRequestError(`Module "${module.identity.name}" is a command: POST to its "/run".`)
  const body = await readBody(message, module.settings.requestBytes)
  const input = readCall(parameters['export']!, body)
  const { result, stderr } = (await modules.run(module, input, signal)) as CallOutput
  const text = Buffer.from(stderr).toString('utf8')
  return json(200, { result: writeResult(result, input.result), ...(text !== '' && { stderr: text }) })
}
