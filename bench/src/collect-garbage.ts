/** Collects all garbage, here and now. For between the measurements only: within them V8 collects when it likes. */

/** @throws Error without `--expose-gc` */
export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('run the bench with node --expose-gc')
  globalThis.gc()
}
