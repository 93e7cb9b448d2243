/**
 * Arbitrary modules that do nothing but touch their memories, and arbitrary sequences of what guest and host do with
 * them. Every function has the type `(i32 a, i32 b, i32 c, i64 x) -> i64`; what its instructions give is mixed into the
 * result, so that nothing goes unseen.
 */
import * as fc from 'fast-check'

import { atomicBytes } from '../../src/binary/atomic-helpers.ts'
import { helperSignature } from '../../src/binary/helper-functions.ts'
import { Writer } from '../../src/binary/writer.ts'

export interface RandomMemory {
  readonly initial: number
  readonly maximum: number | undefined
}

export interface RandomSegment {
  /** Undefined: passive. */
  readonly memory: number | undefined
  readonly offset: number
  readonly bytes: Uint8Array
}

/** One instruction with its operands, as the bytes of a body; it leaves an i64 to be mixed in, or nothing. */
export interface Statement {
  readonly text: string
  readonly code: readonly number[]
  readonly result: boolean
  readonly around: 'nothing' | 'block' | 'loop' | 'if'
}

export interface Program {
  readonly memories: readonly RandomMemory[]
  readonly segments: readonly RandomSegment[]
  readonly functions: readonly (readonly Statement[])[]
}

/** What the host does. */
export type Step =
  | {
      readonly kind: 'call'
      readonly function: number
      readonly a: number
      readonly b: number
      readonly c: number
      readonly x: bigint
    }
  | { readonly kind: 'grow'; readonly memory: number; readonly delta: number }
  | { readonly kind: 'poke'; readonly memory: number; readonly position: number; readonly byte: number }

const type = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** Sizes are declared below this; the engine's slots hold more, so that the capacity is never what decides. */
const largestPages = 6

const nearPageBorders = fc
  .tuple(fc.nat({ max: largestPages + 1 }), fc.integer({ min: -18, max: 18 }))
  .map(([page, distance]) => Math.max(0, page * 65_536 + distance))
const nearLimits = fc
  .tuple(fc.constantFrom(2 ** 31, 2 ** 32), fc.integer({ min: -20, max: 5 }))
  .map(([limit, distance]) => Math.min(limit + distance, 2 ** 32 - 1))
const address = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 64 }) },
  { weight: 12, arbitrary: fc.nat({ max: 70_000 }) },
  { weight: 5, arbitrary: nearPageBorders },
  { weight: 2, arbitrary: nearLimits },
  { weight: 1, arbitrary: fc.nat({ max: 2 ** 32 - 1 }) },
)
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 4_096, 65_536, 65_537) },
  { weight: 2, arbitrary: address },
)
const staticOffset = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 20 }) },
  { weight: 3, arbitrary: fc.integer({ min: 65_520, max: 65_545 }) },
  { weight: 1, arbitrary: fc.constantFrom(131_072, 2 ** 31, 2 ** 32 - 8, 2 ** 32 - 1) },
)

const emit = (write: (to: Writer) => Writer): number[] => [...write(new Writer()).written]

const local = { a: 0, b: 1, c: 2, x: 3, mixed: 4, vector: 5 }

function get(to: Writer, name: keyof typeof local): Writer {
  return to.byte(0x20).u32(local[name])
}

/** Turns the value on the stack into an i64. */
function toI64(to: Writer, from: number): Writer {
  if (from === type.i32) return to.byte(0xad)
  if (from === type.f32) return to.byte(0xbc, 0xad)
  if (from === type.f64) return to.byte(0xbd)
  if (from !== type.v128) return to
  to.byte(0x21).u32(local.vector)
  get(to, 'vector').byte(0xfd, 29, 0)
  return get(to, 'vector').byte(0xfd, 29, 1, 0x85)
}

/** Pushes a value of a type, made from `c` or `x`. */
function operand(to: Writer, of: number): Writer {
  if (of === type.i32) return get(to, 'c')
  if (of === type.f32) return get(to, 'c').byte(0xbe)
  get(to, 'x')
  if (of === type.f64) return to.byte(0xbf)
  return of === type.v128 ? to.byte(0xfd, 18) : to
}

function memoryArgument(to: Writer, alignment: number, memory: number, offset: number): Writer {
  if (memory === 0) to.u32(alignment)
  else to.u32(alignment | 0x40).u32(memory)
  return to.u32(offset)
}

interface Access {
  readonly code: readonly number[]
  readonly logBytes: number
  readonly value: number
  readonly lane?: number
}

const plainLoads: Access[] = Array.from({ length: 14 }, (_, index) => ({
  code: [0x28 + index],
  value: [type.i32, type.i64, type.f32, type.f64, ...Array<number>(4).fill(type.i32)][index] ?? type.i64,
  logBytes: [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2][index]!,
}))

const plainStores: Access[] = [0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e].map((code, index) => ({
  code: [code],
  value: [type.i32, type.i64, type.f32, type.f64, type.i32, type.i32, type.i64, type.i64, type.i64][index]!,
  logBytes: [2, 3, 2, 3, 0, 1, 0, 1, 2][index]!,
}))

const vectorLoads: Access[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 92, 93].map((code, index) => ({
  code: [0xfd, code],
  value: type.v128,
  logBytes: [4, 3, 3, 3, 3, 3, 3, 0, 1, 2, 3, 2, 3][index]!,
}))

const laneAccesses = (first: number): Access[] =>
  [0, 1, 2, 3].map((log) => ({
    code: [0xfd, first + log],
    value: type.v128,
    logBytes: log,
    lane: (16 >> log) - 1,
  }))

const around = fc.constantFrom('nothing', 'nothing', 'block', 'loop', 'if') satisfies fc.Arbitrary<
  Statement['around']
>

const atomicOpcodes = [
  0x00,
  0x01,
  0x02,
  ...Array.from({ length: 0x4e - 0x10 + 1 }, (_, index) => 0x10 + index),
]

/** The operands of a bulk instruction. */
function bulkOperands(writer: Writer): Writer {
  return get(get(get(writer, 'a'), 'b'), 'c')
}

function statement(memories: number, segments: number): fc.Arbitrary<Statement> {
  const memory = fc.nat({ max: memories - 1 })
  const access = (list: readonly Access[], kind: 'load' | 'store') =>
    fc.constantFrom(...list).chain((one) =>
      fc
        .tuple(memory, fc.nat({ max: one.logBytes }), staticOffset, fc.constantFrom('a', 'b'))
        .map(([index, alignment, offset, from]) => {
          const lane = one.lane
          const code = emit((to) => {
            get(to, from)
            if (kind === 'store' || lane !== undefined) operand(to, one.value)
            to.byte(...one.code)
            memoryArgument(to, alignment, index, offset)
            if (lane !== undefined) to.byte(lane)
            return kind === 'load' ? toI64(to, one.value) : to
          })
          return { text: `${kind} ${one.code} m${index} ${from}+${offset}`, code, result: kind === 'load' }
        }),
    )
  const bulk = fc.tuple(memory, memory).chain(([to, from]) => {
    const choices = [
      { text: `fill m${to}`, code: emit((w) => bulkOperands(w).byte(0xfc, 11).u32(to)), result: false },
      {
        text: `copy m${to} m${from}`,
        code: emit((w) => bulkOperands(w).byte(0xfc, 10).u32(to).u32(from)),
        result: false,
      },
    ]
    for (let segment = 0; segment < segments; segment++) {
      const init = emit((w) => bulkOperands(w).byte(0xfc, 8).u32(segment).u32(to))
      choices.push({ text: `init ${segment} m${to}`, code: init, result: false })
      choices.push({
        text: `drop ${segment}`,
        code: emit((w) => w.byte(0xfc, 9).u32(segment)),
        result: false,
      })
    }
    return fc.constantFrom(...choices)
  })
  const atomic = fc
    .tuple(fc.constantFrom(...atomicOpcodes), memory, staticOffset)
    .map(([opcode, index, offset]) => {
      const { parameters, results } = helperSignature({
        kind: 'atomic',
        memory: 0,
        second: 0,
        opcode,
        offset: 0n,
      })
      const code = emit((to) => {
        get(to, 'a')
        for (const parameter of parameters.slice(1)) operand(to, parameter)
        to.byte(0xfe).u32(opcode)
        memoryArgument(to, Math.log2(atomicBytes(opcode)), index, offset)
        return results[0] === undefined ? to : toI64(to, results[0])
      })
      return { text: `atomic ${opcode} m${index} +${offset}`, code, result: results.length > 0 }
    })
  const size = memory.map((index) => ({
    text: `size m${index}`,
    code: emit((to) => to.byte(0x3f).u32(index).byte(0xad)),
    result: true,
  }))
  const grow = fc
    .tuple(memory, fc.constantFrom(0, 0, 1, 1, 2, 65_537, 2 ** 32 - 1))
    .map(([index, delta]) => ({
      text: `grow m${index} ${delta}`,
      code: emit((to) =>
        to
          .byte(0x41)
          .s64(BigInt(delta | 0))
          .byte(0x40)
          .u32(index)
          .byte(0xad),
      ),
      result: true,
    }))
  const any = fc.oneof(
    { weight: 4, arbitrary: access(plainLoads, 'load') },
    { weight: 4, arbitrary: access(plainStores, 'store') },
    { weight: 1, arbitrary: access(vectorLoads, 'load') },
    { weight: 1, arbitrary: access([{ code: [0xfd, 11], value: type.v128, logBytes: 4 }], 'store') },
    { weight: 1, arbitrary: access(laneAccesses(84), 'load') },
    { weight: 1, arbitrary: access(laneAccesses(88), 'store') },
    { weight: 6, arbitrary: bulk },
    { weight: 4, arbitrary: atomic },
    { weight: 2, arbitrary: size },
    { weight: 2, arbitrary: grow },
  )
  return fc
    .tuple(any, around)
    .map(([{ text, code, result }, shape]) => ({ text, code, result, around: shape }))
}

const randomMemory: fc.Arbitrary<RandomMemory> = fc
  .tuple(fc.constantFrom(0, 1, 1, 2, 2, 3), fc.option(fc.nat({ max: 3 }), { nil: undefined }))
  .map(([initial, spare]) => ({ initial, maximum: spare === undefined ? undefined : initial + spare }))

function randomSegment(memories: readonly RandomMemory[]): fc.Arbitrary<RandomSegment> {
  return fc
    .tuple(
      fc.option(fc.nat({ max: memories.length - 1 }), { nil: undefined }),
      fc.uint8Array({ maxLength: 40 }),
      fc.nat({ max: 2 ** 20 }),
      fc.nat({ max: 19 }),
    )
    .map(([memory, bytes, where, luck]) => {
      const room = memory === undefined ? 0 : memories[memory]!.initial * 65_536 - bytes.length
      // One in twenty is out of bounds.
      return { memory, bytes, offset: luck === 0 ? room + 1 + where : room > 0 ? where % (room + 1) : 0 }
    })
}

export const programs: fc.Arbitrary<Program> = fc
  .array(randomMemory, { minLength: 1, maxLength: 2 })
  .chain((memories) =>
    fc.array(randomSegment(memories), { maxLength: 3 }).map((segments) => ({ memories, segments })),
  )
  .chain(({ memories, segments }) =>
    fc
      .array(fc.array(statement(memories.length, segments.length), { minLength: 1, maxLength: 3 }), {
        minLength: 1,
        maxLength: 5,
      })
      .map((functions) => ({ memories, segments, functions })),
  )

export function steps(program: Program): fc.Arbitrary<Step[]> {
  const memory = fc.nat({ max: program.memories.length - 1 })
  const operands = { a: address, b: address, c: length, x: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        function: fc.nat({ max: program.functions.length - 1 }),
        ...operands,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('grow' as const),
        memory,
        delta: fc.constantFrom(0, 1, 2, 65_537, 2 ** 32 - 1),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('poke' as const),
        memory,
        position: address,
        byte: fc.nat({ max: 255 }),
      }),
    },
  )
  return fc.array(step, { minLength: 1, maxLength: 10 })
}

export function assemble(program: Program): Uint8Array<ArrayBuffer> {
  const { memories, segments, functions } = program
  const output = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  output.section(1, new Writer().byte(1, 0x60, 4, type.i32, type.i32, type.i32, type.i64, 1, type.i64))
  output.section(
    3,
    functions.reduce((to) => to.u32(0), new Writer().u32(functions.length)),
  )
  const memorySection = new Writer().u32(memories.length)
  for (const { initial, maximum } of memories) {
    memorySection.byte(maximum === undefined ? 0 : 1).u32(initial)
    if (maximum !== undefined) memorySection.u32(maximum)
  }
  output.section(5, memorySection)
  const exports = new Writer().u32(memories.length + functions.length)
  for (const index of memories.keys()) exports.name(`m${index}`).byte(2).u32(index)
  for (const index of functions.keys()) exports.name(`f${index}`).byte(0).u32(index)
  output.section(7, exports)
  output.section(12, new Writer().u32(segments.length))
  const code = new Writer().u32(functions.length)
  for (const statements of functions) {
    const body = functionBody(statements)
    code.u32(body.length).bytes(body.written)
  }
  output.section(10, code)
  const data = new Writer().u32(segments.length)
  for (const { memory, offset, bytes } of segments) {
    if (memory === undefined) data.byte(1)
    else {
      if (memory === 0) data.byte(0)
      else data.byte(2).u32(memory)
      data
        .byte(0x41)
        .s64(BigInt(offset | 0))
        .byte(0x0b)
    }
    data.u32(bytes.length).bytes(bytes)
  }
  output.section(11, data)
  return output.written.slice()
}

function functionBody(statements: readonly Statement[]): Writer {
  const body = new Writer().byte(2, 1, type.i64, 1, type.v128)
  for (const { code, result, around: shape } of statements) {
    if (shape === 'block') body.byte(0x02, 0x40)
    else if (shape === 'loop') body.byte(0x03, 0x40)
    else if (shape === 'if') get(body, 'c').byte(0x04, 0x40)
    body.byte(...code)
    // mixed = mixed * 31 + result
    if (result) get(body, 'mixed').byte(0x42, 31, 0x7e, 0x7c, 0x21).u32(local.mixed)
    if (shape !== 'nothing') body.byte(0x0b)
  }
  return get(body, 'mixed').byte(0x0b)
}
