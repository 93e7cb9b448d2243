/** What all handles have to do with. */

// oxlint-disable-next-line typescript/no-explicit-any -- V8 converts whatever it is given
export type Callable = (...values: any[]) => any

/** Exchanges functions at the border between an instance and its host; see `references.ts`. */
export interface Exchange {
  toHost(value: unknown): unknown
  toInstance(value: unknown): unknown
  /** As `toInstance`, where the value may end up as one that goes back to the host as it is. */
  toInstanceUnsure(value: unknown): unknown
  /** What the host may see of an error that a call ended with. */
  errorToHost(error: unknown): unknown
}
