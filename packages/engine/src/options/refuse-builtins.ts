/**
 * V8's own compile options, of the JS string builtins proposal, are refused by name: were they ignored, the module would
 * only be found to miss imports when it is instantiated.
 */
import { UnsupportedModuleError } from '../errors/unsupported-module-error.ts'

const names = ['builtins', 'importedStringConstants'] as const

/** @throws UnsupportedModuleError */
export function refuseBuiltins(options: object): void {
  for (const name of names) {
    if ((options as Record<string, unknown>)[name] === undefined) continue
    throw new UnsupportedModuleError(
      `it is to be compiled with \`${name}\` of the JS string builtins proposal`,
      'Give the functions of `wasm:js-string` and the strings as imports instead.',
    )
  }
}
