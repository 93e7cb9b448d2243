/** Any instruction with any immediates, most of them of the right shape: for mutations that need not stay valid. */
import {
  atomicOpcodes,
  gcOpcodes,
  immediates,
  miscOpcodes,
  plainOpcodes,
  simdOpcodes,
} from '../src/binary/opcodes.ts'
import { Writer } from '../src/binary/writer.ts'
import { leb128 } from './mutate-bytes.ts'
import type { Random } from './random.ts'

const prefixed: readonly (readonly [prefix: number, shapes: Uint8Array])[] = [
  [0xfb, gcOpcodes],
  [0xfc, miscOpcodes],
  [0xfd, simdOpcodes],
  [0xfe, atomicOpcodes],
]

export function randomInstruction(random: Random): number[] {
  if (random.oneIn(3)) {
    const [prefix, shapes] = random.pick(prefixed)
    const opcode = random.oneIn(20) ? random.below(0x200) : random.below(shapes.length)
    return [prefix, ...index(random, opcode), ...immediate(random, shapes[opcode] ?? 0)]
  }
  const opcode = random.below(256)
  return [opcode, ...immediate(random, plainOpcodes[opcode]!)]
}

/** A small index as a rule. */
function index(random: Random, value: number = random.below(4)): number[] {
  if (random.oneIn(40)) return leb128(random, value)
  return [...new Writer().u32(value).written]
}

const blockTypes = [
  [0x40],
  [0x7f],
  [0x7e],
  [0x7b],
  [0x70],
  [0x63, 0x70],
  [0x64, 0x00],
  [0x00],
  [0x01],
  [0x02],
  [0x69],
]
const heapTypes = [
  0x00, 0x01, 0x02, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x74,
]

function memoryArgument(random: Random): number[] {
  const alignment = random.below(random.oneIn(10) ? 8 : 4)
  const offset = random.oneIn(3) ? leb128(random, 0) : index(random, random.below(100))
  return random.oneIn(5) ? [alignment | 0x40, ...index(random), ...offset] : [alignment, ...offset]
}

function immediate(random: Random, shape: number): number[] {
  switch (shape) {
    case immediates.none:
      return []
    case immediates.indexIndex:
    case immediates.memoryCopy:
    case immediates.memoryInit:
    case immediates.changesTables:
    case immediates.changesObjects:
      return [...index(random), ...index(random)]
    case immediates.blockType:
      return [...random.pick(blockTypes), 0x0b]
    case immediates.memoryArgument:
    case immediates.atomic:
      return memoryArgument(random)
    case immediates.labels: {
      const count = random.oneIn(50) ? random.below(3_000) : random.below(4)
      return [...index(random, count), ...Array.from({ length: count + 1 }, () => random.below(3))]
    }
    case immediates.leb32:
    case immediates.leb64:
      return leb128(random, 0)
    case immediates.bytes4:
      return random.bytes(4)
    case immediates.bytes8:
      return random.bytes(8)
    case immediates.bytes16:
      return random.bytes(16).map((byte) => byte & 31)
    case immediates.byte:
      return [random.below(5)]
    case immediates.memoryArgumentLane:
      return [...memoryArgument(random), random.below(4)]
    case immediates.valueTypes:
      return [random.oneIn(5) ? random.below(3) : 1, ...random.pick(blockTypes.slice(1))]
    case immediates.heapType:
      return [random.pick(heapTypes)]
    case immediates.tryTable: {
      const kinds = Array.from({ length: random.below(3) }, () => random.below(random.oneIn(9) ? 6 : 4))
      const catches = kinds.flatMap((kind) => [kind, ...(kind < 2 ? index(random) : []), ...index(random)])
      return [...random.pick(blockTypes), kinds.length, ...catches, 0x0b]
    }
    case immediates.castBranch:
      return [
        random.below(random.oneIn(9) ? 255 : 4),
        ...index(random),
        random.pick(heapTypes),
        random.pick(heapTypes),
      ]
    case immediates.unknown:
      return random.bytes(random.below(3))
    default:
      return index(random)
  }
}
