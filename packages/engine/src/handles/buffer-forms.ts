/**
 * `toFixedLengthBuffer` and `toResizableBuffer` for memory handles, where V8 has them (Node 26).
 *
 * A pooled memory's buffer always has a fixed length: an ArrayBuffer that grows over a slot's bytes can only be made by V8,
 * for memories of its own. So the first gives the buffer as it is, and the second fails, with V8's words where V8 fails too.
 */

/** What these methods need of a handle. */
export interface Buffered {
  readonly buffer: ArrayBuffer
}

/** @param hasMaximum whether the module declares one for this memory; throws once the use is over */
export function addBufferForms<T extends Buffered>(prototype: T, hasMaximum: (memory: T) => boolean): void {
  // There may be no WebAssembly at all: the engine's constructor says so.
  if (typeof WebAssembly !== 'object' || !('toResizableBuffer' in WebAssembly.Memory.prototype)) return
  const methods = {
    toFixedLengthBuffer(this: T): ArrayBuffer {
      return this.buffer
    },
    toResizableBuffer(this: T): never {
      const because = hasMaximum(this)
        ? 'a pooled memory has no resizable buffer. Use `buffer`, and ask for it again when the memory has grown'
        : 'Memory must have a maximum'
      throw new TypeError(`WebAssembly.Memory.toResizableBuffer(): ${because}`)
    },
  }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
}
