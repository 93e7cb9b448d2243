/**
 * Opcodes that the tables do not know, named by the proposal that they belong to: V8 has some of them behind flags. A module
 * that holds one is refused with this name, never walked on a guess.
 */

/** `[prefix (0: none), first opcode, last opcode, name]`; from the proposals' binary formats. */
const proposals: readonly (readonly [prefix: number, first: number, last: number, name: string])[] = [
  [0x00, 0xe0, 0xe6, 'stack switching'],
  [0xfb, 0x20, 0x2f, 'custom descriptors'],
  [0xfb, 0x80, 0xff, 'reference-typed strings'],
  [0xfc, 0x12, 0x12, 'memory control'],
  [0xfd, 0x120, 0x17f, 'half precision'],
  [0xfe, 0x04, 0x04, 'shared-everything threads'],
  [0xfe, 0x4f, 0xff, 'shared-everything threads'],
]

export class UnknownOpcodeError extends Error {
  /** `prefix`: the first byte of a prefixed opcode, 0 for a plain one. */
  constructor(prefix: number, opcode: number) {
    const known = proposals.find(([of, first, last]) => of === prefix && opcode >= first && opcode <= last)
    const number = (prefix === 0 ? [opcode] : [prefix, opcode]).map(
      (one) => `0x${one.toString(16).padStart(2, '0')}`,
    )
    super(`opcode ${number.join(' ')}${known ? ` of the ${known[3]} proposal` : ', which is unknown'}`)
    this.name = 'UnknownOpcodeError'
  }
}
