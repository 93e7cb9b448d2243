/**
 * The immediates of every instruction, so that a function body can be walked without being understood.
 *
 * One table per opcode space, indexed by the opcode, with the shape of its immediates; an opcode without an entry is
 * unknown, and a module that holds it is refused by its number. Source: WebAssembly core specification 3.0, section
 * 5.4, the threads and legacy exceptions proposals.
 */

/** The shape of an instruction's immediates. */
export const immediates = {
  unknown: 0,
  none: 1,
  /** One LEB128 of up to 32 bits: an index or a label. */
  index: 2,
  indexIndex: 3,
  blockType: 4,
  memoryArgument: 5,
  /** `br_table`: a vector of labels and one label. */
  labels: 6,
  leb64: 7,
  bytes4: 8,
  bytes8: 9,
  bytes16: 10,
  byte: 11,
  /** A memory argument and a lane byte. */
  memoryArgumentLane: 12,
  /** `select t*`. */
  valueTypes: 13,
  heapType: 14,
  /** `try_table`: a block type and a vector of catches. */
  tryTable: 15,
  /** `br_on_cast`: flags, a label, two heap types. */
  castBranch: 16,
  leb32: 17,
  /** Prefix bytes: another opcode space follows. */
  prefixGc: 18,
  prefixMisc: 19,
  prefixSimd: 20,
  prefixAtomic: 21,
  /** From here on the analysis takes note. First those that the rewrite replaces. */
  memorySize: 22,
  memoryGrow: 23,
  memoryInit: 24,
  memoryCopy: 25,
  memoryFill: 26,
  atomic: 27,
  /** On a table whose size is a logical one these are replaced too. */
  tableGet: 28,
  tableSet: 29,
  tableGrow: 30,
  tableSize: 31,
  tableFill: 32,
  /** Then those that change state which a later use would see: tables, segments, objects of the GC proposal. */
  globalSet: 33,
  changesTables: 34,
  dropsSegment: 35,
  changesObject: 36,
  changesObjects: 37,
  /** Makes an array of a length from the stack. Where arrays have a limit, these are replaced. */
  arrayNew: 38,
  /** The same, from a segment. */
  arrayNewSegment: 39,
} as const

const i = immediates

function table(
  size: number,
  ...ranges: readonly (readonly [first: number, last: number, shape: number])[]
): Uint8Array {
  const shapes = new Uint8Array(size)
  for (const [first, last, shape] of ranges) shapes.fill(shape, first, last + 1)
  return shapes
}

export const plainOpcodes: Uint8Array = table(
  256,
  [0x00, 0x01, i.none], // unreachable, nop
  [0x02, 0x04, i.blockType], // block, loop, if
  [0x05, 0x05, i.none], // else
  [0x06, 0x06, i.blockType], // try (legacy)
  [0x07, 0x09, i.index], // catch, throw, rethrow
  [0x0a, 0x0b, i.none], // throw_ref, end
  [0x0c, 0x0d, i.index], // br, br_if
  [0x0e, 0x0e, i.labels],
  [0x0f, 0x0f, i.none], // return
  [0x10, 0x10, i.index], // call
  [0x11, 0x11, i.indexIndex], // call_indirect
  [0x12, 0x12, i.index], // return_call
  [0x13, 0x13, i.indexIndex], // return_call_indirect
  [0x14, 0x15, i.index], // call_ref, return_call_ref
  [0x18, 0x18, i.index], // delegate
  [0x19, 0x1b, i.none], // catch_all, drop, select
  [0x1c, 0x1c, i.valueTypes],
  [0x1f, 0x1f, i.tryTable],
  [0x20, 0x23, i.index], // local.get, local.set, local.tee, global.get
  [0x24, 0x24, i.globalSet],
  [0x25, 0x25, i.tableGet],
  [0x26, 0x26, i.tableSet],
  [0x28, 0x3e, i.memoryArgument],
  [0x3f, 0x3f, i.memorySize],
  [0x40, 0x40, i.memoryGrow],
  [0x41, 0x41, i.leb32],
  [0x42, 0x42, i.leb64],
  [0x43, 0x43, i.bytes4],
  [0x44, 0x44, i.bytes8],
  [0x45, 0xc4, i.none],
  [0xd0, 0xd0, i.heapType],
  [0xd1, 0xd1, i.none], // ref.is_null
  [0xd2, 0xd2, i.index], // ref.func
  [0xd3, 0xd4, i.none], // ref.eq, ref.as_non_null
  [0xd5, 0xd6, i.index], // br_on_null, br_on_non_null
  [0xfb, 0xfb, i.prefixGc],
  [0xfc, 0xfc, i.prefixMisc],
  [0xfd, 0xfd, i.prefixSimd],
  [0xfe, 0xfe, i.prefixAtomic],
)

export const gcOpcodes: Uint8Array = table(
  32,
  [0, 1, i.index], // struct.new, struct.new_default
  [2, 4, i.indexIndex], // struct.get, struct.get_s, struct.get_u
  [5, 5, i.changesObjects], // struct.set
  [6, 7, i.arrayNew], // array.new, array.new_default
  [8, 8, i.indexIndex], // array.new_fixed
  [9, 10, i.arrayNewSegment], // array.new_data, array.new_elem
  [11, 13, i.index], // array.get, array.get_s, array.get_u
  [14, 14, i.changesObject], // array.set
  [15, 15, i.none], // array.len
  [16, 16, i.changesObject], // array.fill
  [17, 19, i.changesObjects], // array.copy, array.init_data, array.init_elem
  [20, 23, i.heapType], // ref.test, ref.cast
  [24, 25, i.castBranch],
  [26, 30, i.none],
)

export const miscOpcodes: Uint8Array = table(
  24,
  [0, 7, i.none], // saturating truncations
  [8, 8, i.memoryInit],
  [9, 9, i.dropsSegment], // data.drop
  [10, 10, i.memoryCopy],
  [11, 11, i.memoryFill],
  [12, 12, i.changesTables], // table.init
  [13, 13, i.dropsSegment], // elem.drop
  [14, 14, i.changesTables], // table.copy
  [15, 15, i.tableGrow],
  [16, 16, i.tableSize],
  [17, 17, i.tableFill],
  [19, 22, i.none], // wide arithmetic
)

export const simdOpcodes: Uint8Array = table(
  0x114,
  [0, 11, i.memoryArgument],
  [12, 13, i.bytes16], // v128.const, i8x16.shuffle
  [14, 20, i.none],
  [21, 34, i.byte], // lanes
  [35, 83, i.none],
  [84, 91, i.memoryArgumentLane],
  [92, 93, i.memoryArgument],
  [94, 0x113, i.none],
)

export const atomicOpcodes: Uint8Array = table(
  0x4f,
  [0x00, 0x02, i.atomic],
  [0x03, 0x03, i.byte],
  [0x10, 0x4e, i.atomic],
)
