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
import type { Lease } from '@warmslot/pooling'

import type { ModuleAnalysis } from '../binary/analyse-module.ts'
import type { Callable } from '../handles/function-handle.ts'
import { PooledGlobal } from '../handles/global-handle.ts'
import type { PooledMemory } from '../handles/memory-handle.ts'
import type { References } from '../handles/references.ts'
import type { CompiledModule } from './compiled-module.ts'
import type { CurrentReferences, PreparedImports } from './prepare-imports.ts'
import { importValue, importValues } from './prepare-imports.ts'
import type { V8Reservation } from './v8-reservation.ts'

export class RawInstance {
  readonly exports: WebAssembly.Exports
  /** The module's own start function. */
  readonly start: Callable | undefined
  /** Per memory: the global that tells the module its logical size in pages. */
  readonly sizeGlobals: readonly (WebAssembly.Global | undefined)[]
  readonly #current: CurrentReferences
  readonly #importPlans: ModuleAnalysis['imports']
  readonly #importValues: readonly unknown[]
  readonly #reset: Callable | undefined
  #reusable: boolean

  /** @throws what `new WebAssembly.Instance` throws */
  constructor(
    module: CompiledModule,
    lease: Lease,
    prepared: PreparedImports,
    given: WebAssembly.Imports,
    current: CurrentReferences,
  ) {
    const { analysis, compiled } = module
    const { exports } = new WebAssembly.Instance(compiled, prepared.imports)
    this.exports = exports
    this.#current = current
    this.start = analysis.start === undefined ? undefined : (exports[analysis.start] as Callable)
    this.#reset = analysis.reset === undefined ? undefined : (exports[analysis.reset] as Callable)
    this.#reusable = analysis.freshReason === undefined && !prepared.escapes
    this.#importPlans = analysis.imports
    this.#importValues = this.#reusable ? importValues(analysis.imports, given) : []
    this.sizeGlobals = analysis.memories.map(({ sizeGlobal }) =>
      sizeGlobal === undefined ? undefined : (exports[sizeGlobal] as WebAssembly.Global),
    )
    if (analysis.growTable !== undefined) {
      const table = exports[analysis.growTable] as WebAssembly.Table
      for (const [index, { reservation }] of lease.memories.entries()) {
        table.set(index, (reservation as V8Reservation).growFunction)
      }
    }
  }

  /** Something was done that no reset undoes: this instance serves no other use. */
  spoil(): void {
    this.#reusable = false
  }

  /** Whether this instance can stand for a fresh one made with these imports. */
  serves(given: WebAssembly.Imports, memories: readonly PooledMemory[]): boolean {
    if (!this.#reusable) return false
    for (const [index, plan] of this.#importPlans.entries()) {
      const value = importValue(plan, given)
      if (plan.kind === 'memory') {
        if (value !== undefined && value !== memories[plan.index]) return false
        // Object.is: NaN is the same number again, and -0 another one.
      } else if (!Object.is(value, this.#importValues[index]) || value instanceof PooledGlobal) return false
    }
    return true
  }

  /** Takes up the next use. */
  serve(references: References): void {
    this.#current.references = references
  }

  /** Brings the globals back to their initial values at the end of a use; false if another use is not possible. */
  rest(): boolean {
    if (this.#reusable) this.#reset?.()
    return this.#reusable
  }
}
