/** The options of `compile`, their defaults and their ranges. */
import { InvalidOptionError } from '@warmslot/index-allocator'
import { refuseBuiltins } from './refuse-builtins.ts'
import { refuseUnknown } from './refuse-unknown.ts'

export interface CompileOptions {
  /** A name for messages, metrics and the kernel's view (`/proc/self/maps`). @default "module" */
  readonly label?: string
  /**
   * Whether tables of JavaScript values (externref) that this module exports can be imported by other pooled instances.
   * Then such a table cannot be emptied for another use, and each use gets a fresh instance if the code changes it.
   * Tables of functions can be shared in any case. @default false
   */
  readonly sharedTables?: boolean
}

const names = { label: true, sharedTables: true } satisfies Record<keyof CompileOptions, true>

/** @throws InvalidOptionError, UnsupportedModuleError */
export function resolveCompileOptions(options: CompileOptions): Required<CompileOptions> {
  refuseBuiltins(options)
  refuseUnknown(options, names)
  const { label = 'module', sharedTables = false } = options
  if (typeof label !== 'string') throw new InvalidOptionError('label', 'a text', label)
  if (typeof sharedTables !== 'boolean')
    throw new InvalidOptionError('sharedTables', 'true or false', sharedTables)
  return { label, sharedTables }
}
