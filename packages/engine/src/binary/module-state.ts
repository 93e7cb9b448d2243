/** What a module's state is, beside the bytes of its memories: see `state-module.ts` and `snapshot-module.ts`. */

/** The bits of a number, low half first; a function by its index; or null. */
export type GlobalState =
  | { readonly kind: 'bits'; readonly bits: readonly bigint[] }
  | { readonly kind: 'function'; readonly index: number }
  | { readonly kind: 'null' }

export interface ModuleState {
  /** The memories' sizes in pages. */
  readonly memoryPages: readonly number[]
  /** The globals whose values are not those of their initial expressions any more. */
  readonly globals: ReadonlyMap<number, GlobalState>
  /** The tables of functions that may have changed: per entry the function's index, or -1 for null. */
  readonly tables: ReadonlyMap<number, Int32Array>
}
