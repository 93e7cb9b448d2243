/** Whether 64-bit memories are pooled on this V8: found out here without the code under test. */

/** Before Node 24, V8 made no memory in this form and checked the bounds of 64-bit memories in code. */
export const memory64Pooled: boolean = makesMemory64()

function makesMemory64(): boolean {
  try {
    return (
      new WebAssembly.Memory({ address: 'i64', initial: 1n, maximum: 1n } as never).buffer.byteLength ===
      65_536
    )
  } catch {
    return false
  }
}
