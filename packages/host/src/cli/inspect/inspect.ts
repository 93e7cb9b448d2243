/** `warmslot inspect`: says whether and how a module would be pooled and served. */
import { type Command, exitCode } from '../command.ts'
import { onlyFile } from '../flags.ts'
import { limitFlags, limitsOf } from '../limit-flags.ts'
import { readModuleFile } from '../read-module-file.ts'
import { inspectModule } from './inspect-module.ts'
import { printInspection } from './print-inspection.ts'

export const inspect: Command = {
  help: {
    usage: 'warmslot inspect FILE [--json]',
    summary:
      'Says whether and how a module would be pooled and served, and why not. None of its code is run.',
    flags: {
      json: { help: 'Prints JSON' },
      ...limitFlags,
    },
    notes: ['It ends with 0 where the module can be served, with 3 where it cannot.'],
  },
  async run(given, { print }) {
    const file = onlyFile([...given.positionals, ...(given.rest ?? [])])
    const limits = limitsOf(given)
    const inspection = await inspectModule(file, await readModuleFile(file), limits)
    print(
      given.set.has('json') ? `${JSON.stringify(inspection, undefined, 2)}\n` : printInspection(inspection),
    )
    return inspection.usable ? exitCode.success : exitCode.unusable
  },
}
