/**
 * What a module is for, by its exports, and whether this host can give it what it imports.
 *
 * Source: WASI application ABI (WebAssembly/WASI, legacy/application-abi.md): a command exports `_start`, a reactor
 * `_initialize` or neither.
 */
import { UnusableModuleError } from '../errors/unusable-module-error.ts'

/** `command`: run, with arguments and standard streams. `library`: functions to call, after `_initialize` where there is one. */
export type ModuleKind = 'command' | 'library'

export const wasiNamespace = 'wasi_snapshot_preview1'

interface Descriptor {
  readonly module?: string
  readonly name: string
  readonly kind: string
}

export function kindOf(exports: readonly Descriptor[]): ModuleKind {
  return hasFunction(exports, '_start') ? 'command' : 'library'
}

export function hasFunction(exports: readonly Descriptor[], name: string): boolean {
  return exports.some((one) => one.kind === 'function' && one.name === name)
}

/**
 * V8 keeps the exports of an instance in one piece of its heap, and one of more than 8 MiB or so may end the process. No module
 * that was found has a tenth of that.
 */
const mostEntries = 100_000

/** @throws UnusableModuleError for imports that no host of this kind has, and for too many of them, or of exports */
export function checkInterface({
  imports,
  exports,
}: {
  imports: readonly Descriptor[]
  exports: readonly Descriptor[]
}): void {
  for (const [what, { length }] of Object.entries({ imports, exports })) {
    if (length > mostEntries)
      throw new UnusableModuleError(`The module has ${length} ${what}, and ${mostEntries} are allowed.`)
  }
  checkImports(imports)
}

function checkImports(imports: readonly Descriptor[]): void {
  const foreign = imports.filter(({ module, kind }) => !(module === wasiNamespace && kind === 'function'))
  // A memory is given by the pool.
  const missing = foreign.filter(({ kind }) => kind !== 'memory')
  if (missing.length === 0) return
  const some = missing.slice(0, 5).map(({ module, name, kind }) => `${kind} "${module}" "${name}"`)
  const rest = missing.length > some.length ? ` and ${missing.length - some.length} more` : ''
  throw new UnusableModuleError(
    `The module imports ${some.join(', ')}${rest}. This host gives functions of "${wasiNamespace}" (WASI preview 1) only: ` +
      'modules with JavaScript glue run in a program of your own, with @warmslot/engine.',
  )
}
