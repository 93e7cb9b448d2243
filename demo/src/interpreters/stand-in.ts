/**
 * What glue is given in place of an instance: an object whose exports reach the instance of a use that may begin later, with the
 * glue's own import functions behind the shared ones.
 *
 * While no instance is behind it, its functions do nothing and return 0. So the glue can go through its own initialisation
 * without touching a guest, which has that behind it: the snapshot was taken afterwards.
 */
import type { AnyFunction, ImportFunctions, SharedImports } from './shared-imports.ts'

export class StandIn {
  /** For the glue; `instanceof WebAssembly.Instance`, which Ruby's asks. */
  readonly instance: WebAssembly.Instance
  /** The exports of the instance behind it. Those of a released instance throw, so an ended use cannot reach the next. */
  behind: WebAssembly.Exports | undefined

  constructor(shared: SharedImports, functions: ImportFunctions) {
    const exports: WebAssembly.Exports = {}
    for (const { name, kind } of shared.exports) {
      if (kind === 'function') {
        exports[name] = (...values: unknown[]) =>
          this.behind === undefined ? 0 : shared.run(functions, this.behind[name] as AnyFunction, values)
      } else Object.defineProperty(exports, name, { enumerable: true, get: () => this.behind?.[name] })
    }
    this.instance = Object.create(WebAssembly.Instance.prototype, {
      exports: { value: exports },
    }) as WebAssembly.Instance
  }
}
