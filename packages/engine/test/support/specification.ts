/** The numbers of all instructions: WebAssembly core specification 3.0, index of instructions, and two proposals. */

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** Numbers between vector instructions that none has. */
const unassignedVectors = new Set([
  0x9a, 0xa2, 0xa5, 0xa6, 0xaf, 0xb0, 0xb2, 0xb3, 0xb4, 0xbb, 0xc2, 0xc5, 0xc6, 0xcf, 0xd0, 0xd2, 0xd3, 0xd4,
  0xe2, 0xee,
])

export interface OpcodeSpace {
  /** 0: opcodes of a single byte. */
  readonly prefix: number
  readonly opcodes: readonly number[]
}

export const specification: readonly OpcodeSpace[] = [
  {
    prefix: 0,
    opcodes: [
      ...range(0x00, 0x05),
      // Legacy exceptions, save 0x08, which is `throw` in both.
      0x06,
      0x07,
      0x08,
      0x09,
      0x18,
      0x19,
      ...range(0x0a, 0x15),
      ...range(0x1a, 0x1c),
      0x1f,
      ...range(0x20, 0x26),
      ...range(0x28, 0xc4),
      ...range(0xd0, 0xd6),
    ],
  },
  { prefix: 0xfb, opcodes: range(0x00, 0x1e) },
  { prefix: 0xfc, opcodes: range(0x00, 0x11) },
  {
    prefix: 0xfd,
    opcodes: range(0x00, 0x113).filter((opcode) => !unassignedVectors.has(opcode)),
  },
  { prefix: 0xfe, opcodes: [0x00, 0x01, 0x02, 0x03, ...range(0x10, 0x4e)] }, // threads
]
