/** The one thing of V8's WebAssembly that these tests use; Node.js's types do not have it. */

interface V8Memory {
  readonly buffer: ArrayBuffer
}

type MemoryConstructor = new (descriptor: { initial: number; maximum: number }) => V8Memory

/** A memory of `pages` WebAssembly pages that never grows. */
export function v8Memory(pages: number): V8Memory {
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: MemoryConstructor } }).WebAssembly
  return new Memory({ initial: pages, maximum: pages })
}
