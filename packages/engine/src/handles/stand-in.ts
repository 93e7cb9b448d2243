/** Lets a handle pass for the object of V8's that it stands for: `memory instanceof WebAssembly.Memory`. */

/** In a V8 without WebAssembly (`--jitless`) nothing happens, so that importing works and the engine can say what is wrong. */
export function standInFor(
  handle: { readonly prototype: object },
  name: 'Instance' | 'Memory' | 'Global' | 'Table',
): void {
  if (typeof WebAssembly === 'object')
    Object.setPrototypeOf(handle.prototype, WebAssembly[name].prototype as object)
}
