/**
 * The operands and results of every instruction without immediates, or with a memory argument alone, by opcode: what tests
 * and the fuzzer make valid code from. Source: WebAssembly core specification 3.0, section 5.4, and the threads proposal.
 *
 * A signature is written as letters: `i` i32, `l` i64, `f` f32, `d` f64, `v` v128; operands, a dash, results.
 */

export type Letter = 'i' | 'l' | 'f' | 'd' | 'v'

export const letterCode: Record<Letter, number> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b }

export interface Operation {
  /** The prefix byte, if any, and the opcode as LEB128. */
  readonly code: readonly number[]
  readonly operands: readonly Letter[]
  readonly results: readonly Letter[]
  /** For memory instructions: the binary logarithm of the bytes that it accesses. */
  readonly logBytes?: number
  /** For instructions of one lane: how many lanes there are. */
  readonly lanes?: number
}

type Range = readonly [first: number, last: number, signature: string]

/** Prefix, and the ranges of opcodes with the same signature. */
const plain: readonly (readonly [prefix: number | undefined, ranges: readonly Range[]])[] = [
  [
    undefined,
    [
      [0x45, 0x45, 'i-i'],
      [0x46, 0x4f, 'ii-i'],
      [0x50, 0x50, 'l-i'],
      [0x51, 0x5a, 'll-i'],
      [0x5b, 0x60, 'ff-i'],
      [0x61, 0x66, 'dd-i'],
      [0x67, 0x69, 'i-i'],
      [0x6a, 0x78, 'ii-i'],
      [0x79, 0x7b, 'l-l'],
      [0x7c, 0x8a, 'll-l'],
      [0x8b, 0x91, 'f-f'],
      [0x92, 0x98, 'ff-f'],
      [0x99, 0x9f, 'd-d'],
      [0xa0, 0xa6, 'dd-d'],
      [0xa7, 0xa7, 'l-i'],
      [0xa8, 0xa9, 'f-i'],
      [0xaa, 0xab, 'd-i'],
      [0xac, 0xad, 'i-l'],
      [0xae, 0xaf, 'f-l'],
      [0xb0, 0xb1, 'd-l'],
      [0xb2, 0xb3, 'i-f'],
      [0xb4, 0xb5, 'l-f'],
      [0xb6, 0xb6, 'd-f'],
      [0xb7, 0xb8, 'i-d'],
      [0xb9, 0xba, 'l-d'],
      [0xbb, 0xbb, 'f-d'],
      [0xbc, 0xbc, 'f-i'],
      [0xbd, 0xbd, 'd-l'],
      [0xbe, 0xbe, 'i-f'],
      [0xbf, 0xbf, 'l-d'],
      [0xc0, 0xc1, 'i-i'],
      [0xc2, 0xc4, 'l-l'],
    ],
  ],
  [
    0xfc,
    [
      [0, 1, 'f-i'],
      [2, 3, 'd-i'],
      [4, 5, 'f-l'],
      [6, 7, 'd-l'],
      [0x13, 0x14, 'llll-ll'],
      [0x15, 0x16, 'll-ll'],
    ],
  ],
  [
    0xfd,
    [
      [0x0e, 0x0e, 'vv-v'],
      [0x0f, 0x11, 'i-v'],
      [0x12, 0x12, 'l-v'],
      [0x13, 0x13, 'f-v'],
      [0x14, 0x14, 'd-v'],
      [0x23, 0x4c, 'vv-v'],
      [0x4d, 0x4d, 'v-v'],
      [0x4e, 0x51, 'vv-v'],
      [0x52, 0x52, 'vvv-v'],
      [0x53, 0x53, 'v-i'],
      [0x5e, 0x62, 'v-v'],
      [0x63, 0x64, 'v-i'],
      [0x65, 0x66, 'vv-v'],
      [0x67, 0x6a, 'v-v'],
      [0x6b, 0x6d, 'vi-v'],
      [0x6e, 0x73, 'vv-v'],
      [0x74, 0x75, 'v-v'],
      [0x76, 0x79, 'vv-v'],
      [0x7a, 0x7a, 'v-v'],
      [0x7b, 0x7b, 'vv-v'],
      [0x7c, 0x81, 'v-v'],
      [0x82, 0x82, 'vv-v'],
      [0x83, 0x84, 'v-i'],
      [0x85, 0x86, 'vv-v'],
      [0x87, 0x8a, 'v-v'],
      [0x8b, 0x8d, 'vi-v'],
      [0x8e, 0x93, 'vv-v'],
      [0x94, 0x94, 'v-v'],
      [0x95, 0x99, 'vv-v'],
      [0x9b, 0x9f, 'vv-v'],
      [0xa0, 0xa1, 'v-v'],
      [0xa3, 0xa4, 'v-i'],
      [0xa7, 0xaa, 'v-v'],
      [0xab, 0xad, 'vi-v'],
      [0xae, 0xae, 'vv-v'],
      [0xb1, 0xb1, 'vv-v'],
      [0xb5, 0xba, 'vv-v'],
      [0xbc, 0xbf, 'vv-v'],
      [0xc0, 0xc1, 'v-v'],
      [0xc3, 0xc4, 'v-i'],
      [0xc7, 0xca, 'v-v'],
      [0xcb, 0xcd, 'vi-v'],
      [0xce, 0xce, 'vv-v'],
      [0xd1, 0xd1, 'vv-v'],
      [0xd5, 0xdf, 'vv-v'],
      [0xe0, 0xe1, 'v-v'],
      [0xe3, 0xe3, 'v-v'],
      [0xe4, 0xeb, 'vv-v'],
      [0xec, 0xed, 'v-v'],
      [0xef, 0xef, 'v-v'],
      [0xf0, 0xf7, 'vv-v'],
      [0xf8, 0xff, 'v-v'],
      [0x100, 0x100, 'vv-v'], // relaxed SIMD from here on
      [0x101, 0x104, 'v-v'],
      [0x105, 0x10c, 'vvv-v'],
      [0x10d, 0x112, 'vv-v'],
      [0x113, 0x113, 'vvv-v'],
    ],
  ],
]

type MemoryRow = readonly [
  prefix: number | undefined,
  first: number,
  signature: string,
  logBytes: readonly number[],
]

/** Runs of memory instructions, each with its alignment. */
const memory: readonly MemoryRow[] = [
  [undefined, 0x28, 'i-i', [2]],
  [undefined, 0x29, 'i-l', [3]],
  [undefined, 0x2a, 'i-f', [2]],
  [undefined, 0x2b, 'i-d', [3]],
  [undefined, 0x2c, 'i-i', [0, 0, 1, 1]],
  [undefined, 0x30, 'i-l', [0, 0, 1, 1, 2, 2]],
  [undefined, 0x36, 'ii-', [2]],
  [undefined, 0x37, 'il-', [3]],
  [undefined, 0x38, 'if-', [2]],
  [undefined, 0x39, 'id-', [3]],
  [undefined, 0x3a, 'ii-', [0, 1]],
  [undefined, 0x3c, 'il-', [0, 1, 2]],
  [0xfd, 0x00, 'i-v', [4, 3, 3, 3, 3, 3, 3, 0, 1, 2, 3]],
  [0xfd, 0x0b, 'iv-', [4]],
  [0xfd, 0x5c, 'i-v', [2, 3]],
  [0xfe, 0x00, 'ii-i', [2]],
  [0xfe, 0x01, 'iil-i', [2]],
  [0xfe, 0x02, 'ill-i', [3]],
  [0xfe, 0x10, 'i-i', [2]],
  [0xfe, 0x11, 'i-l', [3]],
  [0xfe, 0x12, 'i-i', [0, 1]],
  [0xfe, 0x14, 'i-l', [0, 1, 2]],
  [0xfe, 0x17, 'ii-', [2]],
  [0xfe, 0x18, 'il-', [3]],
  [0xfe, 0x19, 'ii-', [0, 1]],
  [0xfe, 0x1b, 'il-', [0, 1, 2]],
  // add, sub, and, or, xor, xchg
  ...[0x1e, 0x25, 0x2c, 0x33, 0x3a, 0x41].flatMap((first): MemoryRow[] => [
    [0xfe, first, 'ii-i', [2]],
    [0xfe, first + 1, 'il-l', [3]],
    [0xfe, first + 2, 'ii-i', [0, 1]],
    [0xfe, first + 4, 'il-l', [0, 1, 2]],
  ]),
  [0xfe, 0x48, 'iii-i', [2]],
  [0xfe, 0x49, 'ill-l', [3]],
  [0xfe, 0x4a, 'iii-i', [0, 1]],
  [0xfe, 0x4c, 'ill-l', [0, 1, 2]],
]

/** `extract_lane` and `replace_lane`: opcode, signature, lanes. */
const lanes: readonly (readonly [opcode: number, signature: string, lanes: number])[] = [
  [0x15, 'v-i', 16],
  [0x16, 'v-i', 16],
  [0x17, 'vi-v', 16],
  [0x18, 'v-i', 8],
  [0x19, 'v-i', 8],
  [0x1a, 'vi-v', 8],
  [0x1b, 'v-i', 4],
  [0x1c, 'vi-v', 4],
  [0x1d, 'v-l', 2],
  [0x1e, 'vl-v', 2],
  [0x1f, 'v-f', 4],
  [0x20, 'vf-v', 4],
  [0x21, 'v-d', 2],
  [0x22, 'vd-v', 2],
]

function encode(prefix: number | undefined, opcode: number): number[] {
  if (prefix === undefined) return [opcode]
  return opcode < 0x80 ? [prefix, opcode] : [prefix, (opcode & 0x7f) | 0x80, opcode >> 7]
}

function operation(prefix: number | undefined, opcode: number, signature: string): Operation {
  const [operands, results] = signature.split('-')
  return {
    code: encode(prefix, opcode),
    operands: [...operands!] as Letter[],
    results: [...results!] as Letter[],
  }
}

/** Instructions that take nothing but their operands. */
export const operations: readonly Operation[] = plain.flatMap(([prefix, ranges]) =>
  ranges.flatMap(([first, last, signature]) =>
    Array.from({ length: last - first + 1 }, (_, index) => operation(prefix, first + index, signature)),
  ),
)

/** Instructions with a memory argument: their address is the first operand. */
export const memoryOperations: readonly Operation[] = memory.flatMap(([prefix, first, signature, logs]) =>
  logs.map((logBytes, index) => Object.assign(operation(prefix, first + index, signature), { logBytes })),
)

/** Instructions with a lane byte. */
export const laneOperations: readonly Operation[] = lanes.map(([opcode, signature, count]) =>
  Object.assign(operation(0xfd, opcode, signature), { lanes: count }),
)

/** `v128.load8_lane` and so on: a memory argument and a lane byte. */
export const memoryLaneOperations: readonly Operation[] = [0, 1, 2, 3].flatMap((logBytes) => [
  { ...operation(0xfd, 0x54 + logBytes, 'iv-v'), logBytes, lanes: 16 >> logBytes },
  { ...operation(0xfd, 0x58 + logBytes, 'iv-'), logBytes, lanes: 16 >> logBytes },
])
