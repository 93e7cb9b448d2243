/** Lets a handle pass for the object of V8's that it stands for: `memory instanceof WebAssembly.Memory`. */

/** In a V8 without WebAssembly (`--jitless`) nothing happens, so that importing works and the engine can say what is wrong. */
export function standInFor(
  handle: { readonly prototype: object },
  name: 'Instance' | 'Memory' | 'Global' | 'Table' | 'Exception',
): void {
  const classes = globalThis.WebAssembly as unknown as
    | Record<string, { readonly prototype: object }>
    | undefined
  if (classes !== undefined) Object.setPrototypeOf(handle.prototype, classes[name]!.prototype)
}
