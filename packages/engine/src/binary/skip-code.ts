/**
 * Steps over code that no pass has anything to do with: what makes up nearly all of it, in a loop without calls.
 *
 * What an instruction takes depends on its opcode, which no processor can foresee, so the loop asks tables and not `if`s: the
 * branches that are left go nearly always the same way.
 */
import { immediates } from './opcodes.ts'
import type { Reader } from './reader.ts'

/** Per opcode: bits 0 and 1, how many bytes the instruction takes if each LEB128 has one; 0: stop there. */
export type Steps = Uint8Array

/** The instruction's last part is a LEB128. */
const endsInLeb = 4
/** The byte behind the opcode begins a memory argument: from 0x40 on it names a memory, or has more bytes. */
const memoryArgument = 8
/** It is a block type: a reference type takes more bytes, and so does an index from 64 on. */
const blockType = 16

/** What of the two must not be, per value of the byte behind the opcode. */
const beyond = new Uint8Array(256)
beyond.fill(memoryArgument, 0x40)
for (let byte = 0; byte < 256; byte++)
  if (byte >= 0x80 || byte === 0x63 || byte === 0x64) beyond[byte]! |= blockType

/**
 * How to step over the instructions that make up nearly all code: those without immediates, with one LEB128, and plain
 * memory accesses.
 * @param shapes `plainOpcodes`, or these with other opcodes to stop at
 * @param overBlocks whether to step over the beginnings of blocks as well
 */
export function stepsOver(shapes: Uint8Array, overBlocks: boolean): Steps {
  return shapes.map((shape) => {
    switch (shape) {
      case immediates.none:
        return 1
      case immediates.index:
      case immediates.leb32:
      case immediates.leb64:
        return 2 | endsInLeb
      case immediates.memoryArgument:
        return 3 | endsInLeb | memoryArgument
      case immediates.blockType:
        return overBlocks ? 2 | blockType : 0
      default:
        return 0
    }
  })
}

/** Steps over instructions. Looser than the walker: V8 validates the original, and a step beyond the body is seen by the caller. */
export function skipCommon(reader: Reader, steps: Steps): void {
  const { bytes, end } = reader
  let position = reader.position
  while (position < end) {
    const step = steps[bytes[position]!]!
    if (step === 0 || (beyond[bytes[position + 1]!]! & step) !== 0) break
    const next = position + (step & 3)
    // 1: the last LEB128 goes on.
    const more = (bytes[next - 1]! >> 7) & (step >> 2)
    position = next + more
    if ((more & (bytes[next]! >> 7)) !== 0) while (bytes[position]! >= 0x80) position++
    else continue
    position++
  }
  reader.position = position
}

/** Steps over the groups of locals that a body begins with. */
export function skipLocals(reader: Reader): void {
  for (let groups = reader.count(); groups > 0; groups--) {
    reader.u32()
    const code = reader.byte()
    if (code === 0x63 || code === 0x64) reader.skipLeb(5)
  }
}
