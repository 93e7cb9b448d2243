/** `warmslot-operator run`: an operator until a signal, or the loss of its leadership, ends it. */
import { constants } from 'node:os'
import { KubeConfig } from '@kubernetes/client-node'
import { InvalidOperatorOptionError } from '../errors/invalid-operator-option-error.ts'
import { Operator } from '../operator.ts'
import { helpText } from './help.ts'
import { type Environment, readOptions } from './read-options.ts'
import { UsageError } from './usage-error.ts'

const exitCode = { success: 0, failure: 1, usage: 2 } as const

export async function runCommandLine(given: readonly string[], environment: Environment): Promise<number> {
  const [command, ...flags] = given
  if (given.some((one) => one === '--help' || one === '-h') || command === 'help') {
    process.stdout.write(helpText())
    return exitCode.success
  }
  try {
    if (command !== 'run') throw new UsageError('say "warmslot-operator run"; "--help" lists its flags')
    await run(flags, environment)
    return exitCode.success
  } catch (error) {
    const wrong = error instanceof UsageError || InvalidOperatorOptionError.isInstance(error)
    process.stderr.write(`warmslot-operator: ${(error as Error).message}\n`)
    return wrong ? exitCode.usage : exitCode.failure
  }
}

async function run(flags: readonly string[], environment: Environment): Promise<void> {
  const options = readOptions(flags, environment)
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromDefault()
  const ending = new AbortController()
  endOnSignals(ending)
  const operator = new Operator(kubeConfig, options)
  await operator.run(ending.signal)
}

/** The first signal asks; a second one does not. */
function endOnSignals(ending: AbortController): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(128 + constants.signals[signal])
      ending.abort(new Error(`told to end by ${signal}`))
    })
  }
}
