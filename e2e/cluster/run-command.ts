/** Runs a program to its end and gives its standard output. Throws {@link CommandError} where it fails, or takes too long. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CommandError } from './command-error.ts'

const execute = promisify(execFile)
const maxOutputBytes = 16 * 1024 * 1024

export async function runCommand(
  program: string,
  parameters: readonly string[],
  { timeoutMs = 60_000 }: { readonly timeoutMs?: number } = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, parameters, {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: maxOutputBytes,
    })
    return stdout
  } catch (error) {
    const { stderr = '', killed = false } = error as { stderr?: string; killed?: boolean }
    const late = killed ? ` (ended after ${timeoutMs} ms)` : ''
    throw new CommandError([program, ...parameters].join(' '), `${stderr || String(error)}${late}`, {
      cause: error,
    })
  }
}
