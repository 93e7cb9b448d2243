/** The options of `compile`, their defaults and their ranges. */
import { InvalidOptionError } from '@warmslot/index-allocator'
import { checkMemoryBytes } from './check-memory-bytes.ts'
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
  /**
   * What each memory of this module can grow to at most, in bytes: a multiple of 64 KiB, up to the engine's `maxMemoryBytes`.
   * `memory.grow` beyond it fails as beyond the engine's; a module that starts larger is refused. Snapshots of the module, and
   * what `serialize` and `share` give, keep it. A memory that comes from another pooled instance has that one's limit.
   * @default the engine's
   */
  readonly maxMemoryBytes?: number
}

export interface ResolvedCompileOptions {
  readonly label: string
  readonly sharedTables: boolean
  readonly maxMemoryBytes: number | undefined
}

const names = { label: true, sharedTables: true, maxMemoryBytes: true } satisfies Record<
  keyof CompileOptions,
  true
>

/** @throws InvalidOptionError, UnsupportedModuleError */
export function resolveCompileOptions(
  options: CompileOptions,
  engine: { readonly maxMemoryBytes: number },
): ResolvedCompileOptions {
  refuseBuiltins(options)
  refuseUnknown(options, names)
  const { label = 'module', sharedTables = false, maxMemoryBytes } = options
  if (typeof label !== 'string') throw new InvalidOptionError('label', 'a text', label)
  if (typeof sharedTables !== 'boolean')
    throw new InvalidOptionError('sharedTables', 'true or false', sharedTables)
  if (maxMemoryBytes !== undefined) checkMemoryBytes(maxMemoryBytes, engine.maxMemoryBytes)
  return { label, sharedTables, maxMemoryBytes }
}
