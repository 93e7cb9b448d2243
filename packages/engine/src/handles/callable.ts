/** What all handles have to do with. */

// oxlint-disable-next-line typescript/no-explicit-any -- V8 converts whatever it is given
export type Callable = (...values: any[]) => any

/** Exchanges functions at the border between an instance and its host; see `references.ts`. */
export interface Exchange {
  toHost(value: unknown): unknown
  toInstance(value: unknown): unknown
}
