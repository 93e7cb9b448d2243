/**
 * Imports that are the same values in every use, so that the pool can hand out a slot's live instance again, in front of glue that
 * is not: each call goes to the imports of the glue whose export is running.
 *
 *   glue of use A ── exports of A's stand-in ──► "A is running" ──► instance ── import ──► A's own import function
 *   glue of use B ── exports of B's stand-in ──► "B is running" ──► instance ── import ──► B's own import function
 *
 * All of it is synchronous, and nested calls (A's import calls an export of B) put back what was there before. A function that
 * the guest suspends (JSPI) would come back under another use: not for that.
 */
import type { PooledModule } from '@warmslot/engine'

export type AnyFunction = (...values: unknown[]) => unknown

/** The import functions of one glue, in the order of the module's imports. */
export type ImportFunctions = AnyFunction[]

export class SharedImports {
  /** What `engine.snapshot` and `engine.instantiate` get. Memories are left out: they come from the pool. */
  readonly imports: WebAssembly.Imports = {}
  readonly exports: PooledModule['exports']
  readonly #names: readonly { readonly module: string; readonly name: string }[]
  #running: ImportFunctions | undefined

  constructor({ imports, exports }: Pick<PooledModule, 'imports' | 'exports'>) {
    this.exports = exports
    this.#names = imports
      .filter(({ kind }) => kind === 'function')
      .map(({ module = '', name }) => ({ module, name }))
    for (const [index, { module, name }] of this.#names.entries()) {
      this.imports[module] ??= {}
      this.imports[module][name] = (...values: unknown[]) => this.#of(index)(...values)
    }
  }

  #of(index: number): AnyFunction {
    if (this.#running === undefined) throw new TypeError('an import was called while no glue was running')
    return this.#running[index]!
  }

  /** What a glue gives as its imports, put in order. */
  functionsOf(imports: WebAssembly.Imports): ImportFunctions {
    return this.#names.map(({ module, name }) => {
      const found = imports[module]?.[name]
      if (typeof found !== 'function') throw new TypeError(`the glue has no function ${module}.${name}`)
      return found as AnyFunction
    })
  }

  /** Calls an export, with `functions` as its imports. */
  run(functions: ImportFunctions, exported: AnyFunction, values: unknown[]): unknown {
    const outer = this.#running
    this.#running = functions
    try {
      return exported(...values)
    } finally {
      this.#running = outer
    }
  }
}
