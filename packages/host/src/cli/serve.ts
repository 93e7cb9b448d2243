/** `warmslot serve`: a host with the options of flags, environment and file, until a signal ends it. */
import type { ListenAddress } from '../listen-address.ts'
import { Host } from '../host.ts'
import { type Command, exitCode } from './command.ts'
import { untilSignal } from './ending.ts'
import type { Flags } from './flags.ts'
import { defaultOf, flagOf, optionNames, optionTable, variableOf } from './options/option-table.ts'
import { configurationVariable, readHostOptions, usageErrorOf } from './options/read-host-options.ts'
import { startFailure } from './start-failure.ts'
import { UsageError } from './usage-error.ts'

const flags: Flags = {
  ...Object.fromEntries(
    optionNames.map((name) => {
      const { value, help } = optionTable[name]
      return [flagOf(name), { value, help, default: defaultOf(name), environment: variableOf(name) }]
    }),
  ),
  config: {
    value: 'FILE',
    help: 'A JSON object with options by their names in JavaScript: {"maxMemoryBytes": "256MiB"}',
    default: 'none',
    environment: configurationVariable,
  },
}

export const serve: Command = {
  help: {
    usage: 'warmslot serve --modules FOLDER [flags]',
    summary:
      'Serves WebAssembly modules over HTTP, each request in its own pooled instance, on worker threads.',
    flags,
    notes: [
      'A flag counts before its variable, a variable before the file. Empty variables count as not set. Paths are seen from the working directory. BYTES are a number, or one with KiB, MiB or GiB: 128MiB.',
      'SIGTERM and SIGINT: no more requests are taken, running ones are answered within --drain-ms, and it ends with 0. A second signal ends it at once.',
      'When it is ready, it prints one line with its addresses. Messages are lines of JSON on standard error; to read them more easily:\n  warmslot serve --modules FOLDER 2>&1 >/dev/null | npx pino-pretty',
    ],
  },
  async run({ values, positionals, rest = [] }, { environment, print }) {
    const [unexpected] = [...positionals, ...rest]
    if (unexpected !== undefined)
      throw new UsageError(`there is nothing for "${unexpected}"; a folder is given with --modules`)
    const given = await readHostOptions(values, environment)
    // From here on, so that a signal during the start is not lost.
    const ending = untilSignal()
    const host = await Host.start(given.options).catch((error: unknown) => {
      throw startFailure(usageErrorOf(error, given), given.options)
    })
    const { listen, adminListen } = host.addresses
    print(`warmslot is ready: requests at ${urlOf(listen)}, administration at ${urlOf(adminListen)}\n`)
    await ending
    await host.close()
    return exitCode.success
  },
}

function urlOf({ hostname, port }: ListenAddress): string {
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}
