/**
 * `warmslot`: finds the command, gives help, and makes an exit code and one line of whatever goes wrong.
 *
 *     0  done      1  a failure      2  used wrongly      3  (inspect) the module cannot be used
 */
import { type Command, exitCode, type Surroundings } from './command.ts'
import { explain } from './explain.ts'
import { parseFlags } from './flags.ts'
import { helpText } from './help.ts'
import { suggestion } from './nearest-name.ts'
import { UsageError } from './usage-error.ts'
import { version } from '../version.ts'

/** Loaded when they are wanted: help needs no engine. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  inspect: async () => (await import('./inspect/inspect.ts')).inspect,
  bench: async () => (await import('./bench/bench.ts')).bench,
}

const programHelp = `warmslot COMMAND [flags]

WebAssembly modules over HTTP, each request in its own pooled instance.

  warmslot serve --modules FOLDER     serves modules
  warmslot inspect FILE               says whether and how a module would be pooled and served
  warmslot bench FILE                 a module natively and pooled, by turns

  warmslot COMMAND --help             says what a command takes
  warmslot --version
`

/** @param given what stands behind the program's name @returns the exit code */
export async function runCommandLine(given: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = given
  try {
    if (name === '--help' || name === '-h') return said(programHelp, surroundings)
    if (name === '--version') return said(`${version()}\n`, surroundings)
    const command = await commandOf(name)
    const parsed = parseFlags(rest, command.help.flags)
    if (parsed.set.has('help')) return said(helpText(command.help), surroundings)
    return await command.run(parsed, surroundings)
  } catch (error) {
    const isUsage = UsageError.isInstance(error)
    const known = name !== undefined && Object.hasOwn(commands, name)
    const program = known ? `warmslot ${name}` : 'warmslot'
    const hint = isUsage ? ` (${program} --help)` : ''
    surroundings.tell(`${program}: ${explain(error)}${hint}`)
    return isUsage ? exitCode.usage : exitCode.failure
  }
}

function commandOf(name: string | undefined): Promise<Command> {
  const names = Object.keys(commands)
  if (name === undefined) throw new UsageError(`say a command: ${names.join(', ')}`)
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load !== undefined) return load()
  const what = name.startsWith('-') ? 'flag' : 'command'
  throw new UsageError(`there is no ${what} "${name}"${suggestion(name, [...names, '--help', '--version'])}`)
}

function said(text: string, { print }: Surroundings): number {
  print(text)
  return exitCode.success
}
