/**
 * V8's own instance on a slot, and how it is brought back for another use.
 *
 *   fresh:  new WebAssembly.Instance -> connect growth -> late segments -> start
 *   warm:                   globals at their initial values already -> late segments -> start
 *
 * A warm instance was left in its slot by an earlier use of the same module; the pool has reset the memory, `rest()` the
 * globals. It serves again only where nothing can tell it from a fresh one: the same value for every import, no state
 * left that cannot be reset. Raw exports never leave this file's users in `runtime/`.
 */
import type { ModuleAnalysis } from '../binary/analyse-module.ts'
import type { Callable } from '../handles/callable.ts'
import type { CompiledModule } from './compiled-module.ts'
import type { ImportValues } from './import-values.ts'
import { sameImports } from './import-values.ts'
import type { CurrentUse, PreparedImports } from './prepare-imports.ts'

export class RawInstance {
  readonly exports: WebAssembly.Exports
  /** The module's own start function. */
  readonly start: Callable | undefined
  /** Per memory: the global that tells the module its logical size in pages. */
  readonly sizeGlobals: readonly (WebAssembly.Global | undefined)[]
  readonly #current: CurrentUse
  readonly #importPlans: ModuleAnalysis['imports']
  readonly #importValues: ImportValues
  readonly #reset: Callable | undefined
  #reusable: boolean

  /** `growFunctions`: per memory, what its growth calls. @throws what `new WebAssembly.Instance` throws */
  constructor(
    module: CompiledModule,
    prepared: PreparedImports,
    values: ImportValues,
    growFunctions: readonly Callable[],
    current: CurrentUse,
  ) {
    const { analysis, compiled } = module
    const { exports } = new WebAssembly.Instance(compiled, prepared.imports)
    this.exports = exports
    this.#current = current
    this.start = analysis.start === undefined ? undefined : (exports[analysis.start] as Callable)
    this.#reset = analysis.reset === undefined ? undefined : (exports[analysis.reset] as Callable)
    this.#reusable = analysis.freshReason === undefined && !prepared.escapes
    this.#importPlans = analysis.imports
    this.#importValues = this.#reusable ? values : []
    this.sizeGlobals = analysis.memories.map(({ sizeGlobal }) =>
      sizeGlobal === undefined ? undefined : (exports[sizeGlobal] as WebAssembly.Global),
    )
    if (analysis.growTable !== undefined) {
      const table = exports[analysis.growTable] as WebAssembly.Table
      for (const [index, grow] of growFunctions.entries()) table.set(index, grow)
    }
  }

  /** Something was done that no reset undoes: this instance serves no other use. */
  spoil(): void {
    this.#reusable = false
  }

  /** Whether this instance can stand for a fresh one made with these imports. */
  serves(values: ImportValues, memories: readonly unknown[]): boolean {
    return this.#reusable && sameImports(this.#importPlans, values, this.#importValues, memories)
  }

  /** Takes up the next use. */
  serve({ use }: CurrentUse): void {
    this.#current.use = use
  }

  /** Brings the globals back to their initial values at the end of a use; false if another use is not possible. */
  rest(): boolean {
    if (this.#reusable) this.#reset?.()
    return this.#reusable
  }
}
