/** WebAssembly text to bytes, with every feature that the assembler knows. */
import wabt from 'wabt'

const features: Record<string, boolean> = {
  exceptions: true,
  simd: true,
  threads: true,
  tail_call: true,
  reference_types: true,
  memory64: true,
  extended_const: true,
  relaxed_simd: true,
  multi_memory: true,
  function_references: true,
  gc: true,
}

const assembler = await wabt()

/** Assembles without validating: V8 has the last word. `names`: with a name section. */
export function wat(text: string, names = false): Uint8Array<ArrayBuffer> {
  const module = assembler.parseWat('test.wat', new TextEncoder().encode(text), features)
  try {
    module.resolveNames()
    return new Uint8Array(module.toBinary({ write_debug_names: names }).buffer)
  } finally {
    module.destroy()
  }
}

/** Whether this V8 takes the module: how tests of newer features are gated. */
export function supported(bytes: Uint8Array<ArrayBuffer>): boolean {
  return WebAssembly.validate(bytes)
}
