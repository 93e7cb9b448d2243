/** The same module on plain V8, to compare with. */

export function nativeInstance(
  bytes: Uint8Array<ArrayBuffer>,
  imports?: WebAssembly.Imports,
): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a module exports has no types here
export type Exports = Record<string, any>
