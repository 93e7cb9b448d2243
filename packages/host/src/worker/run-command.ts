/** Runs a WASI command: arguments and a standard input in, an exit code and two outputs out. */
import type { CommandInput, CommandOutput } from '../workers/protocol.ts'
import { guestError } from './guest-error.ts'
import { GuestExit } from './guest-exit.ts'
import type { LoadedModule } from './loaded-module.ts'

/** @throws TimeLimitError, GuestTrappedError, and what the engine throws */
export function runCommand(module: LoadedModule, input: CommandInput): CommandOutput {
  const wasi = module.wasi(input)
  let exitCode = 0
  try {
    module.use(wasi, ({ exports }) => {
      ;(exports['_start'] as () => void)()
    })
  } catch (error) {
    if (!(error instanceof GuestExit))
      throw guestError(error, module.plan.settings.timeLimitMs, wasi.stderr.take())
    exitCode = error.code
  }
  return { exitCode, stdout: wasi.stdout.take(), stderr: wasi.stderr.take() }
}
