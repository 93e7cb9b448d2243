/** The host's options from flags, environment and configuration file: the first of them that says an option counts. */
import { type HostOptions, InvalidHostOptionError, resolveHostOptions } from '../../options.ts'
import { readListenAddress } from '../../listen-address.ts'
import { UsageError } from '../usage-error.ts'
import { readConfigurationFile } from './configuration-file.ts'
import { flagOf, type OptionName, optionNames, optionTable, variableOf } from './option-table.ts'
import { valueOfText } from './option-values.ts'

export const configurationVariable = 'WARMSLOT_CONFIG'

type Environment = Readonly<Record<string, string | undefined>>

export interface GivenOptions {
  readonly options: HostOptions
  /** Where each stands that is given, for messages: `flag "--workers"`. */
  readonly sources: ReadonlyMap<string, string>
}

/**
 * Other variables that begin with WARMSLOT_ are left alone: Kubernetes makes such ones for a service of that name.
 * @param flags by name, without the dashes
 * @throws UsageError; FailureError for a file that cannot be read
 */
export async function readHostOptions(
  flags: ReadonlyMap<string, string>,
  environment: Environment,
): Promise<GivenOptions> {
  // A variable that is empty says nothing, as where a container's manifest leaves it open.
  const path = flags.get('config') ?? (environment[configurationVariable] || undefined)
  const file = path === undefined ? undefined : await readConfigurationFile(path)
  const options = new Map<OptionName, string | number>()
  const sources = new Map<string, string>()
  const give = (name: OptionName, value: string | number | undefined, source: string): void => {
    if (value === undefined) return
    options.set(name, value)
    sources.set(name, source)
  }
  for (const name of optionNames) {
    const row = optionTable[name]
    const [flag, variable] = [flags.get(flagOf(name)), environment[variableOf(name)] || undefined]
    const [flagSource, variableSource] = [`flag "--${flagOf(name)}"`, `variable ${variableOf(name)}`]
    if (flag !== undefined) give(name, valueOfText(row, flag, flagSource), flagSource)
    else if (variable !== undefined) give(name, valueOfText(row, variable, variableSource), variableSource)
    else give(name, file?.get(name), `${path}: "${name}"`)
  }
  const given = { options: Object.fromEntries(options) as HostOptions, sources }
  check(given)
  return given
}

/** What can be said before anything is started. */
function check(given: GivenOptions): void {
  try {
    const { listen, adminListen } = resolveHostOptions(given.options)
    readListenAddress('listen', listen)
    readListenAddress('adminListen', adminListen)
  } catch (error) {
    throw usageErrorOf(error, given)
  }
}

/** An option's error in the words of whoever gave it; others as they are. */
export function usageErrorOf(error: unknown, { sources }: GivenOptions): unknown {
  if (!(error instanceof InvalidHostOptionError)) return error
  const { option, message } = error
  const source = sources.get(option) ?? `flag "--${flagOf(option as OptionName)}"`
  const others = message
    .replace(`Option "${option}"`, '')
    .replace(/\.$/, '')
    // Other options that it speaks of.
    .replaceAll(/"(\w*[A-Z]\w*)"/g, (quoted, name: string) =>
      Object.hasOwn(optionTable, name) ? `--${flagOf(name as OptionName)}` : quoted,
    )
  return new UsageError(source + others, { cause: error })
}
