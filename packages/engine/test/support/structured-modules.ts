/** Minimal valid modules for the instructions whose immediates refer to other parts of a module. */
import { rawModule } from './raw-module.ts'

export interface StructuredModule {
  readonly name: string
  /** The instructions that it is for: prefix, and opcode as LEB128. */
  readonly opcodes: readonly (readonly number[])[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

const [i32, funcref, externref, exnref] = [0x7f, 0x70, 0x6f, 0x69]

/** What all of them declare. The code under test is function 0, of type 0; function 1 adds one, function 2 does nothing. */
const types = [
  [0x60, 2, i32, i32, 1, i32],
  [0x60, 0, 0],
  [0x60, 1, i32, 1, i32],
  [0x50, 0, 0x5f, 2, i32, 1, 0x78, 1], // 3: (sub (struct (mut i32) (mut i8)))
  [0x50, 1, 3, 0x5f, 3, i32, 1, 0x78, 1, i32, 0], // 4: (sub 3 (struct (mut i32) (mut i8) i32))
  [0x5e, i32, 1], // 5: (array (mut i32))
  [0x5e, 0x78, 1], // 6: (array (mut i8))
  [0x5e, funcref, 1], // 7: (array (mut funcref))
  [0x60, 1, i32, 0], // 8: the tag's
  [0x60, 0, 2, i32, exnref], // 9: what `catch_ref` brings
]

const get = [0x20, 0]
const get1 = [0x20, 1]
const one = [0x41, 1]
const zero = [0x41, 0]

function entry(
  name: string,
  opcodes: readonly (readonly number[])[],
  code: readonly (number | readonly number[])[],
  locals: readonly number[] = [0],
): StructuredModule {
  const bytes = rawModule({
    types,
    tags: [8, 1],
    tables: [
      [funcref, 1, 4, 8],
      [externref, 1, 2, 4],
    ],
    globals: [[i32, 1, 0x41, 7, 0x0b]],
    functions: [
      // The size of the memory is added at the end: were the code before it walked at the wrong pace, it would be that of
      // the slot.
      { type: 0, locals, code: [...code.flat(), 0x3f, 0, 0x6a] },
      { type: 2, code: [...get, ...one, 0x6a] },
      { type: 1, code: [0x01] },
    ],
    declared: [1, 2],
    elements: [
      [0, 0x41, 0, 0x0b, 2, 1, 2], // 1: active, table 0
      [1, 0, 2, 1, 2], // 2: passive
    ],
    data: [[1, 2, 3, 4, 5, 6, 7, 8], [...'passive'].map((letter) => letter.charCodeAt(0))],
  })
  return { name, opcodes, bytes }
}

/** An array of type 5 with the entries `local 0`, 8, 9. */
const array = [...get, 0x41, 8, 0x41, 9, 0xfb, 8, 5, 3]
const struct = [...get, ...get1, 0xfb, 0, 3]
const larger = [...get, ...get1, ...one, 0xfb, 0, 4]

export const structuredModules: readonly StructuredModule[] = [
  entry('unreachable, if, end', [[0x00], [0x04], [0x0b]], [get, 0x04, 0x40, 0x00, 0x0b, one]),
  entry('nop, block, br', [[0x01], [0x02], [0x0c]], [0x02, i32, 0x01, get, 0x0c, 0, 0x0b]),
  entry(
    'loop, br_if',
    [[0x03], [0x0d]],
    [
      get,
      0x41,
      3,
      0x71,
      0x21,
      0,
      0x02,
      0x40,
      0x03,
      0x40,
      get,
      0x45,
      0x0d,
      1,
      get,
      one,
      0x6b,
      0x21,
      0,
      0x0c,
      0,
      0x0b,
      0x0b,
      get,
    ],
  ),
  entry('else', [[0x05]], [get, 0x04, i32, one, 0x05, get1, 0x0b]),
  entry('block of a type index', [[0x02]], [get, 0x02, 2, one, 0x6a, 0x0b]),
  entry('try, catch, throw', [[0x06], [0x07], [0x08]], [0x06, i32, get, 0x08, 0, 0x07, 0, 0x0b]),
  entry(
    'rethrow, catch_all',
    [[0x09], [0x19]],
    [0x06, i32, 0x06, i32, get, 0x08, 0, 0x19, 0x09, 0, 0x0b, 0x19, one, 0x0b],
  ),
  entry('delegate', [[0x18]], [0x06, i32, 0x06, i32, get, 0x08, 0, 0x18, 0, 0x07, 0, 0x0b]),
  entry(
    'try_table with catch and catch_all',
    [[0x1f]],
    [
      0x02,
      0x40,
      0x02,
      i32,
      0x1f,
      0x40,
      2,
      0,
      0,
      0,
      2,
      1,
      get,
      0x04,
      0x40,
      get,
      0x08,
      0,
      0x05,
      0x08,
      1,
      0x0b,
      0x0b,
      0x00,
      0x0b,
      0x0f,
      0x0b,
      get1,
    ],
  ),
  entry(
    'try_table with catch_ref and catch_all_ref, throw_ref',
    [[0x0a]],
    [
      [0x02, exnref, 0x02, 9, 0x1f, 0x40, 2, 1, 0, 0, 3, 1],
      [...get, 0x04, 0x40, ...get, 0x08, 0, 0x05, 0x08, 1, 0x0b, 0x0b, 0x00, 0x0b],
      [0x21, 2, 0x0f, 0x0b, 0x0a],
    ],
    [1, 1, exnref],
  ),
  entry('br_table', [[0x0e]], [0x02, 0x40, 0x02, 0x40, get, 0x0e, 1, 0, 1, 0x0b, one, 0x0f, 0x0b, get1]),
  entry('return', [[0x0f]], [get, 0x0f]),
  entry('call', [[0x10]], [get, 0x10, 1]),
  entry('call_indirect', [[0x11]], [get, get1, 0x11, 2, 0]),
  entry('return_call', [[0x12]], [get, 0x12, 1]),
  entry('return_call_indirect', [[0x13]], [get, zero, 0x13, 2, 0]),
  entry('call_ref, ref.func', [[0x14], [0xd2]], [get, 0xd2, 1, 0x14, 2]),
  entry('return_call_ref', [[0x15]], [get, 0xd2, 1, 0x15, 2]),
  entry('drop, select', [[0x1a], [0x1b]], [get, 0x1a, get, one, get1, 0x1b]),
  entry('select of a type', [[0x1c]], [get, one, get1, 0x1c, 1, i32]),
  entry('locals', [[0x20], [0x21], [0x22]], [get, one, 0x6a, 0x22, 0, 0x21, 1, get1]),
  entry('globals', [[0x23], [0x24]], [get, 0x24, 0, 0x23, 0]),
  entry('tables of functions', [[0x25], [0x26], [0xd1]], [get, 0xd2, 1, 0x26, 0, get1, 0x25, 0, 0xd1]),
  entry(
    'tables of JavaScript values',
    [[0x25], [0x26], [0xd0]],
    [get, 0xd0, externref, 0x26, 1, get1, 0x25, 1, 0xd1],
  ),
  entry('memory.size, memory.grow', [[0x3f], [0x40]], [get, 0x40, 0, 0x3f, 0, 0x6a]),
  entry(
    'constants',
    [[0x41], [0x42], [0x43], [0x44]],
    [0x42, 0x7f, 0x1a, 0x43, 0, 0, 0x80, 0x3f, 0x1a, 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x1a, 0x41, 0x7f],
  ),
  entry('ref.eq', [[0xd3]], [struct, 0xd0, 0x6d, 0xd3]),
  entry('ref.as_non_null', [[0xd4]], [0xd2, 1, 0xd4, 0x1a, get]),
  entry('br_on_null', [[0xd5]], [0x02, 0x40, get, 0x25, 0, 0xd5, 0, 0x1a, one, 0x0f, 0x0b, get1]),
  entry(
    'br_on_non_null',
    [[0xd6]],
    [0x02, 0x64, funcref, get, 0x25, 0, 0xd6, 0, one, 0x0f, 0x0b, 0x1a, get1],
  ),
  entry(
    'struct.new, struct.get',
    [
      [0xfb, 0],
      [0xfb, 2],
    ],
    [struct, 0xfb, 2, 3, 0],
  ),
  entry(
    'struct.new_default, struct.get_s',
    [
      [0xfb, 1],
      [0xfb, 3],
    ],
    [0xfb, 1, 3, 0xfb, 3, 3, 1],
  ),
  entry('struct.get_u', [[0xfb, 4]], [struct, 0xfb, 4, 3, 1]),
  entry(
    'struct.set',
    [[0xfb, 5]],
    [struct, 0x22, 2, get1, 0xfb, 5, 3, 0, 0x20, 2, 0xfb, 2, 3, 0],
    [1, 1, 0x63, 3],
  ),
  entry(
    'array.new, array.len',
    [
      [0xfb, 6],
      [0xfb, 15],
    ],
    [one, get, 0x41, 15, 0x71, 0xfb, 6, 5, 0xfb, 15],
  ),
  entry(
    'array.new_default, array.get',
    [
      [0xfb, 7],
      [0xfb, 11],
    ],
    [0x41, 2, 0xfb, 7, 5, get, 0xfb, 11, 5],
  ),
  entry('array.new_fixed', [[0xfb, 8]], [array, get1, 0xfb, 11, 5]),
  entry(
    'array.new_data, array.get_s, array.get_u',
    [
      [0xfb, 9],
      [0xfb, 12],
      [0xfb, 13],
    ],
    [
      [...zero, 0x41, 7, 0xfb, 9, 6, 1, ...get, 0xfb, 12, 6],
      [...zero, 0x41, 7, 0xfb, 9, 6, 1, ...get1, 0xfb, 13, 6, 0x6a],
    ],
  ),
  entry('array.new_elem', [[0xfb, 10]], [zero, 0x41, 2, 0xfb, 10, 7, 2, get, 0xfb, 11, 7, 0xd1]),
  entry(
    'array.set',
    [[0xfb, 14]],
    [array, 0x22, 2, get, get1, 0xfb, 14, 5, 0x20, 2, zero, 0xfb, 11, 5],
    [1, 1, 0x63, 5],
  ),
  entry(
    'array.fill',
    [[0xfb, 16]],
    [array, 0x22, 2, get, get1, one, 0xfb, 16, 5, 0x20, 2, zero, 0xfb, 11, 5],
    [1, 1, 0x63, 5],
  ),
  entry(
    'array.copy',
    [[0xfb, 17]],
    [
      [...array, 0x22, 2, ...zero, ...array, ...get, ...one, 0xfb, 17, 5, 5],
      [0x20, 2, ...zero, 0xfb, 11, 5],
    ],
    [1, 1, 0x63, 5],
  ),
  entry(
    'array.init_data',
    [[0xfb, 18]],
    [
      [...array, 0x22, 2, ...zero, ...get, ...one, 0xfb, 18, 5, 1],
      [0x20, 2, ...zero, 0xfb, 11, 5],
    ],
    [1, 1, 0x63, 5],
  ),
  entry(
    'array.init_elem',
    [[0xfb, 19]],
    [
      [0x41, 3, 0xfb, 7, 7, 0x22, 2, ...get, ...zero, 0x41, 2, 0xfb, 19, 7, 2],
      [0x20, 2, ...one, 0xfb, 11, 7, 0xd1],
    ],
    [1, 1, 0x63, 7],
  ),
  entry('ref.test', [[0xfb, 20]], [larger, 0xfb, 20, 3, struct, 0xfb, 20, 4, 0x6a]),
  entry('ref.test null', [[0xfb, 21]], [0xd0, 0x6b, 0xfb, 21, 4]),
  entry('ref.cast', [[0xfb, 22]], [struct, 0xfb, 22, 4, 0xfb, 2, 4, 0]),
  entry('ref.cast null', [[0xfb, 23]], [larger, 0xfb, 23, 3, 0xfb, 2, 3, 0]),
  entry(
    'br_on_cast',
    [[0xfb, 24]],
    [0x02, 0x64, 4, larger, 0xfb, 24, 0, 0, 3, 4, 0xfb, 2, 3, 0, 0x0f, 0x0b, 0xfb, 2, 4, 2],
  ),
  entry(
    'br_on_cast_fail',
    [[0xfb, 25]],
    [0x02, 0x64, 3, struct, 0xfb, 25, 0, 0, 3, 4, 0xfb, 2, 4, 2, 0x0f, 0x0b, 0xfb, 2, 3, 0],
  ),
  entry(
    'any.convert_extern, extern.convert_any',
    [
      [0xfb, 26],
      [0xfb, 27],
    ],
    [[...get, 0xfb, 28, 0xfb, 27, 0xfb, 26, 0xfb, 22, 0x6c, 0xfb, 29]],
  ),
  entry(
    'ref.i31, i31.get_s',
    [
      [0xfb, 28],
      [0xfb, 29],
    ],
    [get, 0xfb, 28, 0xfb, 29],
  ),
  entry('i31.get_u', [[0xfb, 30]], [get, 0xfb, 28, 0xfb, 30]),
  entry(
    'memory.init, data.drop',
    [
      [0xfc, 8],
      [0xfc, 9],
    ],
    [get, zero, 0x41, 3, 0xfc, 8, 1, 0, 0xfc, 9, 1, get1, zero, one, 0xfc, 8, 1, 0, one],
  ),
  entry('memory.copy', [[0xfc, 10]], [get, get1, 0x41, 9, 0xfc, 10, 0, 0, one]),
  entry('memory.fill', [[0xfc, 11]], [get, get1, 0x41, 9, 0xfc, 11, 0, one]),
  entry(
    'table.init, elem.drop',
    [
      [0xfc, 12],
      [0xfc, 13],
    ],
    [get, zero, one, 0xfc, 12, 2, 0, 0xfc, 13, 2, get, zero, one, 0xfc, 12, 2, 0, one],
  ),
  entry('table.copy', [[0xfc, 14]], [get, get1, one, 0xfc, 14, 0, 0, 0x41, 2, 0x25, 0, 0xd1]),
  entry(
    'table.grow, table.size',
    [
      [0xfc, 15],
      [0xfc, 16],
    ],
    [0xd0, externref, get, 0xfc, 15, 1, 0xfc, 16, 1, 0x6a],
  ),
  entry(
    'table.grow of a table of functions',
    [[0xfc, 15]],
    [0xd0, funcref, get, 0xfc, 15, 0, 0xfc, 16, 0, 0x6a],
  ),
  entry('table.fill', [[0xfc, 17]], [get, 0xd0, externref, get1, 0xfc, 17, 1, one]),
  entry(
    'v128.const, i8x16.shuffle',
    [
      [0xfd, 12],
      [0xfd, 13],
    ],
    [
      [0xfd, 12, ...Array.from({ length: 16 }, (_, index) => index), ...get, 0xfd, 17],
      [0xfd, 13, ...Array.from({ length: 16 }, (_, index) => 31 - index), 0xfd, 27, 1],
    ],
  ),
  entry('atomic.fence', [[0xfe, 3]], [0xfe, 3, 0, get]),
]
