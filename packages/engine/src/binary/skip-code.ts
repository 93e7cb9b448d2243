/** Steps over code that no pass has anything to do with: what makes up nearly all of it, in loops without calls. */
import type { plainOpcodes } from './opcodes.ts'
import { immediates } from './opcodes.ts'
import type { Reader } from './reader.ts'

/**
 * Steps over the instructions that make up nearly all code: those without immediates, with one LEB128, and plain memory
 * accesses. Looser than the walker: V8 validates the original, and a step beyond the body is seen by the caller.
 * @param shapes `plainOpcodes`, or these with other opcodes to stop at
 */
export function skipCommon(reader: Reader, shapes: typeof plainOpcodes): void {
  const { bytes, end } = reader
  let position = reader.position
  while (position < end) {
    const shape = shapes[bytes[position]!]!
    if (shape === immediates.none) {
      position++
      continue
    }
    let next = position + 1
    if (shape === immediates.memoryArgument) {
      // A second LEB128 follows, a third one where bit 6 of the first says so: rare, and left to the walker.
      if (bytes[next]! >= 0x40) break
      next++
    } else if (shape !== immediates.index && shape !== immediates.leb32 && shape !== immediates.leb64) break
    while (bytes[next]! >= 0x80) next++
    position = next + 1
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
