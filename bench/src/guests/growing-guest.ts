/**
 * A guest of 17 pages that grows by one page, as most Rust, AssemblyScript and TinyGo code does at its first allocation:
 * 16 pages of stack, one of data, and then the heap.
 */
import { patternOf, signed, writeGuest } from './module-writer.ts'

const dataOffset = 16 * 65_536
const topOfStack = dataOffset - 16

/** Bytes of the module. `run(value)` grows the memory, writes to stack and heap, and returns the heap's address. */
export function growingGuest(): Uint8Array<ArrayBuffer> {
  return writeGuest({
    pages: 17,
    data: { offset: dataOffset, bytes: patternOf(8 * 1024) },
    locals: 1,
    run: [
      [0x41, 1, 0x40, 0], // i32.const 1, memory.grow: the old number of pages
      [0x41, ...signed(16), 0x74, 0x21, 1], // i32.const 16, i32.shl, local.set 1: the new page's address
      [0x20, 1, 0x20, 0, 0x36, 2, 0], // local.get 1, local.get 0, i32.store: into the heap
      [0x41, ...signed(topOfStack), 0x20, 0, 0x36, 2, 0], // i32.const, local.get 0, i32.store: onto the stack
      [0x20, 1], // local.get 1
    ].flat(),
  })
}
