/**
 * Steps over one instruction, and says what it was where the engine cares.
 *
 * This is the inner loop of the analysis: a module of 45 MB has some 20 million instructions. So the walker keeps what
 * it read in plain number fields, allocates nothing, and does not track types or nesting: a body ends where its size
 * says, and V8 validates the rest when it compiles the rewritten module.
 */
import { atomicOpcodes, gcOpcodes, immediates, miscOpcodes, plainOpcodes, simdOpcodes } from './opcodes.ts'
import type { Reader } from './reader.ts'
import { readHeapType, readValueType } from './types.ts'
import { UnknownFeatureError, unknownOpcode } from './unknown-opcode.ts'

export class InstructionWalker {
  readonly reader: Reader
  /** The first byte of the instruction, or the sub-opcode of a prefixed one. */
  opcode = 0
  /** The shape of its immediates, one of {@link immediates}. */
  shape = 0
  /** The immediates of a memory instruction: the memory's index, or the destination's. */
  memory = 0
  /** The source memory of `memory.copy`, the segment of `memory.init` or of a new array, the alignment of an atomic access. */
  second = 0
  /** The table of a table instruction. */
  table = 0
  /** The global that a `global.set` changes. */
  global = 0
  /** The type of a new array. */
  type = 0
  /** The static offset of an atomic access. */
  offset = 0n

  constructor(reader: Reader) {
    this.reader = reader
  }

  /** Reads the instruction at the reader's position. */
  next(): void {
    const reader = this.reader
    const opcode = reader.byte()
    this.opcode = opcode
    this.shape = plainOpcodes[opcode]!
    this.#immediates(this.shape)
  }

  #immediates(shape: number): void {
    const reader = this.reader
    switch (shape) {
      case immediates.none:
        return
      case immediates.index:
      case immediates.leb32:
      case immediates.dropsSegment:
      case immediates.changesObject:
        return reader.skipLeb(5)
      case immediates.memoryArgument:
        return this.#memoryArgument()
      case immediates.blockType:
        return this.#blockType()
      case immediates.globalSet:
        this.global = reader.u32()
        return
      case immediates.tableGet:
      case immediates.tableSet:
      case immediates.tableGrow:
      case immediates.tableSize:
      case immediates.tableFill:
        this.table = reader.u32()
        return
      case immediates.indexIndex:
      case immediates.changesTables:
      case immediates.changesObjects:
        reader.skipLeb(5)
        return reader.skipLeb(5)
      case immediates.leb64:
        return reader.skipLeb(10)
      case immediates.bytes4:
        return reader.skip(4)
      case immediates.bytes8:
        return reader.skip(8)
      case immediates.labels:
        for (let rest = reader.count() + 1; rest > 0; rest--) reader.skipLeb(5)
        return
      case immediates.memorySize:
      case immediates.memoryGrow:
      case immediates.memoryFill:
        this.memory = reader.u32()
        return
      case immediates.memoryCopy:
        this.memory = reader.u32()
        this.second = reader.u32()
        return
      case immediates.memoryInit:
        this.second = reader.u32()
        this.memory = reader.u32()
        return
      case immediates.atomic:
        return this.#atomic()
      case immediates.arrayNew:
        this.type = reader.u32()
        return
      case immediates.arrayNewSegment:
        this.type = reader.u32()
        this.second = reader.u32()
        return
      case immediates.prefixMisc:
        return this.#prefixed(0xfc, miscOpcodes)
      case immediates.prefixSimd:
        return this.#prefixed(0xfd, simdOpcodes)
      case immediates.prefixAtomic:
        return this.#prefixed(0xfe, atomicOpcodes)
      case immediates.prefixGc:
        return this.#prefixed(0xfb, gcOpcodes)
      default:
        this.#rare(shape)
    }
  }

  #rare(shape: number): void {
    const reader = this.reader
    switch (shape) {
      case immediates.bytes16:
        return reader.skip(16)
      case immediates.byte:
        return reader.skip(1)
      case immediates.memoryArgumentLane:
        this.#memoryArgument()
        return reader.skip(1)
      case immediates.heapType:
        readHeapType(reader)
        return
      case immediates.valueTypes:
        // There is one. V8 looks at the lowest byte of their number only, so 257 is one to it.
        reader.u32()
        readValueType(reader)
        return
      case immediates.castBranch:
        reader.skip(1)
        reader.skipLeb(5)
        readHeapType(reader)
        readHeapType(reader)
        return
      case immediates.tryTable:
        this.#blockType()
        for (let rest = reader.count(); rest > 0; rest--) {
          const kind = reader.byte()
          if (kind > 3) reader.fail('unknown kind of catch')
          if (kind < 2) reader.skipLeb(5)
          reader.skipLeb(5)
        }
        return
      default:
        throw unknownOpcode(0, this.opcode)
    }
  }

  #prefixed(prefix: number, shapes: Uint8Array): void {
    const opcode = this.reader.u32()
    const shape = opcode < shapes.length ? shapes[opcode]! : immediates.unknown
    if (shape === immediates.unknown) {
      throw unknownOpcode(prefix, opcode)
    }
    this.opcode = opcode
    this.shape = shape
    this.#immediates(shape)
  }

  #blockType(): void {
    const reader = this.reader
    const code = reader.bytes[reader.position]
    // 0x40: nothing. The other single bytes with bit 6 set are value types; the rest is one LEB128, a type's index.
    if (code === 0x40) reader.skip(1)
    else if (code !== undefined && code > 0x40 && code < 0x80) readValueType(reader)
    else reader.skipLeb(5)
  }

  /** Bit 6 of the alignment says that a memory index follows. */
  #memoryArgument(): void {
    const reader = this.reader
    if (reader.u32() & 0x40) reader.skipLeb(5)
    reader.skipLeb(10)
  }

  #atomic(): void {
    const reader = this.reader
    const alignment = reader.u32()
    if (alignment & 0x20)
      throw new UnknownFeatureError(
        'a memory order',
        'the acquire-release (shared-everything threads) proposal',
      )
    this.memory = alignment & 0x40 ? reader.u32() : 0
    this.second = alignment & ~0x40
    this.offset = reader.i64(false)
  }
}
