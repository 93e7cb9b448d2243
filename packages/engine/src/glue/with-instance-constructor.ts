/**
 * For glue that has no hook for an instance but calls `new WebAssembly.Instance(module, imports)` itself in one
 * synchronous function, as wasm-bindgen's `initSync` does: while that function runs, and only then, the constructor
 * hands out an instance of ours.
 *
 *     let instance
 *     withInstanceConstructor(
 *       (imports) => (instance = engine.instantiate(module, imports)),
 *       () => glue.initSync({ module: placeholderModule }),
 *     )
 *
 * The replacement is seen by nothing else: no other code of this thread runs meanwhile.
 */

/** A module without anything, for glue that insists on a WebAssembly.Module; the instance is made of another one. */
export function emptyModule(): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]))
}

/**
 * Runs `initialise`, whose first `new WebAssembly.Instance` gets what `instantiate` makes of the glue's imports.
 * @throws TypeError if `initialise` made no instance, or returned a promise: by the time that settles, the constructor
 *   is the native one again
 */
export function withInstanceConstructor<T>(
  instantiate: (imports: WebAssembly.Imports) => object,
  initialise: () => T,
): T {
  const native = WebAssembly.Instance
  let made = false
  function Instance(_module: WebAssembly.Module, imports: WebAssembly.Imports): object {
    made = true
    WebAssembly.Instance = native
    return instantiate(imports)
  }
  // `instanceof` in the glue goes by the prototype.
  WebAssembly.Instance = Object.assign(Instance, { prototype: native.prototype }) as unknown as typeof native
  try {
    const result = initialise()
    if (!made) throw new TypeError('The glue made no instance: it may need a fresh state, or another hook.')
    if (result instanceof Promise) throw new TypeError('The glue must initialise synchronously.')
    return result
  } finally {
    WebAssembly.Instance = native
  }
}
