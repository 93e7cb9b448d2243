/** Runs a WASI command: arguments and a standard input in, an exit code and two outputs out. */
import { WASIProcExit } from '@bjorn3/browser_wasi_shim'
import type { CommandInput, CommandOutput } from '../workers/protocol.ts'
import { guestError } from './guest-error.ts'
import { GuestWasi } from './guest-wasi.ts'
import type { LoadedModule } from './loaded-module.ts'

/** @throws TimeLimitError, GuestTrappedError, and what the engine throws */
export function runCommand(module: LoadedModule, input: CommandInput): CommandOutput {
  const { name, settings } = module.plan
  const { timeLimitMs, responseBytes } = settings
  const wasi = new GuestWasi({
    arguments: [name, ...input.arguments],
    environment: input.environment,
    stdin: input.stdin,
    outputBytes: responseBytes,
    deadline: performance.now() + timeLimitMs,
  })
  let exitCode = 0
  try {
    module.use(wasi, ({ exports }) => {
      ;(exports['_start'] as () => void)()
    })
  } catch (error) {
    if (!(error instanceof WASIProcExit)) throw guestError(error, timeLimitMs, wasi.stderr.take())
    exitCode = error.code
  }
  return { exitCode, stdout: wasi.stdout.take(), stderr: wasi.stderr.take() }
}
