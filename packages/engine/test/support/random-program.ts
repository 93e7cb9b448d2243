/**
 * Arbitrary modules that do nothing but touch their memories, and arbitrary sequences of what guest and host do with
 * them. Every function has the type `(i32 a, i32 b, i32 c, i64 x, i64 a, i64 b, i64 c) -> i64`, the last three for memories
 * with addresses of type i64; what its instructions give is mixed into the result, so that nothing goes unseen.
 */
import * as fc from 'fast-check'

import { atomicBytes, atomicSignature } from '../../src/binary/atomic-helpers.ts'
import { Writer } from '../../src/binary/writer.ts'

export interface RandomMemory {
  readonly initial: number
  readonly maximum: number | undefined
  readonly is64: boolean
  /** Imported as `e.m<index>`; those come first. */
  readonly imported: boolean
}

export interface RandomSegment {
  /** Undefined: passive. */
  readonly memory: number | undefined
  readonly offset: bigint
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
      readonly wide: readonly [a: bigint, b: bigint, c: bigint]
    }
  | { readonly kind: 'grow'; readonly memory: number; readonly delta: number | bigint }
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

const near64 = fc
  .tuple(
    fc.constantFrom(31n, 32n, 33n, 34n, 35n, 47n, 48n, 53n, 63n, 64n),
    fc.bigInt({ min: -20n, max: 20n }),
  )
  .map(([exponent, distance]) => BigInt.asUintN(64, 2n ** exponent + distance))
/** The engine's slots of the differential test hold 128 pages. */
const nearCapacity = fc.bigInt({ min: -20n, max: 20n }).map((distance) => 128n * 65_536n + distance)
const address64: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 20, arbitrary: address.map(BigInt) },
  { weight: 3, arbitrary: near64 },
  { weight: 1, arbitrary: nearCapacity },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
)
const length64: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 12, arbitrary: length.map(BigInt) },
  { weight: 1, arbitrary: near64 },
)
const staticOffset64: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 16, arbitrary: staticOffset.map(BigInt) },
  { weight: 1, arbitrary: near64 },
)

const emit = (write: (to: Writer) => Writer): number[] => [...write(new Writer()).written]

const local = { a: 0, b: 1, c: 2, x: 3, wideA: 4, wideB: 5, wideC: 6, mixed: 7, vector: 8 }

const wide = { a: 'wideA', b: 'wideB', c: 'wideC' } as const

/** Pushes an address or a length. */
function getAddress(to: Writer, name: 'a' | 'b' | 'c', is64: boolean): Writer {
  return get(to, is64 ? wide[name] : name)
}

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

function memoryArgument(to: Writer, alignment: number, memory: number, offset: bigint): Writer {
  if (memory === 0) to.u32(alignment)
  else to.u32(alignment | 0x40).u32(memory)
  return u64(to, offset)
}

function u64(to: Writer, value: bigint): Writer {
  let rest = value
  for (; rest > 0x7fn; rest >>= 7n) to.byte(Number(rest & 0x7fn) | 0x80)
  return to.byte(Number(rest))
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

/** The operands of a bulk instruction: each i32, or i64. */
function bulkOperands(writer: Writer, a: boolean, b: boolean, c: boolean): Writer {
  return getAddress(getAddress(getAddress(writer, 'a', a), 'b', b), 'c', c)
}

function statement(memories: readonly RandomMemory[], segments: number): fc.Arbitrary<Statement> {
  const memory = fc.nat({ max: memories.length - 1 })
  const is64 = (index: number): boolean => memories[index]!.is64
  const place = memory.chain((index) =>
    (is64(index) ? staticOffset64 : staticOffset.map(BigInt)).map((offset) => ({ index, offset })),
  )
  const access = (list: readonly Access[], kind: 'load' | 'store') =>
    fc.constantFrom(...list).chain((one) =>
      fc
        .tuple(place, fc.nat({ max: one.logBytes }), fc.constantFrom('a' as const, 'b' as const))
        .map(([{ index, offset }, alignment, from]) => {
          const lane = one.lane
          const code = emit((to) => {
            getAddress(to, from, is64(index))
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
    const [to64, from64] = [is64(to), is64(from)]
    const choices = [
      {
        text: `fill m${to}`,
        code: emit((w) => bulkOperands(w, to64, false, to64).byte(0xfc, 11).u32(to)),
        result: false,
      },
      {
        text: `copy m${to} m${from}`,
        code: emit((w) =>
          bulkOperands(w, to64, from64, to64 && from64)
            .byte(0xfc, 10)
            .u32(to)
            .u32(from),
        ),
        result: false,
      },
    ]
    for (let segment = 0; segment < segments; segment++) {
      const init = emit((w) => bulkOperands(w, to64, false, false).byte(0xfc, 8).u32(segment).u32(to))
      choices.push({ text: `init ${segment} m${to}`, code: init, result: false })
      choices.push({
        text: `drop ${segment}`,
        code: emit((w) => w.byte(0xfc, 9).u32(segment)),
        result: false,
      })
    }
    return fc.constantFrom(...choices)
  })
  const atomic = fc.tuple(fc.constantFrom(...atomicOpcodes), place).map(([opcode, { index, offset }]) => {
    const { parameters, results } = atomicSignature(opcode, is64(index))
    const code = emit((to) => {
      getAddress(to, 'a', is64(index))
      for (const parameter of parameters.slice(1)) operand(to, parameter)
      to.byte(0xfe).u32(opcode)
      memoryArgument(to, Math.log2(atomicBytes(opcode)), index, offset)
      return results[0] === undefined ? to : toI64(to, results[0])
    })
    return { text: `atomic ${opcode} m${index} +${offset}`, code, result: results.length > 0 }
  })
  const size = memory.map((index) => ({
    text: `size m${index}`,
    code: emit((to) => toI64(to.byte(0x3f).u32(index), is64(index) ? type.i64 : type.i32)),
    result: true,
  }))
  const grow = memory.chain((index) =>
    deltas(is64(index)).map((delta) => ({
      text: `grow m${index} ${delta}`,
      code: emit((to) => {
        if (is64(index)) to.byte(0x42).s64(BigInt(delta))
        else to.byte(0x41).s64(BigInt(Number(delta) | 0))
        return toI64(to.byte(0x40).u32(index), is64(index) ? type.i64 : type.i32)
      }),
      result: true,
    })),
  )
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

/** By how many pages a memory is asked to grow: a few, or more than V8 allows. */
function deltas(is64: boolean): fc.Arbitrary<number | bigint> {
  if (!is64) return fc.constantFrom(0, 0, 1, 1, 2, 65_537, 2 ** 32 - 1)
  const beyond = fc.constantFrom(2n ** 32n, 2n ** 32n + 1n, 2n ** 48n, 2n ** 63n, 2n ** 64n - 1n)
  return fc.oneof({ weight: 2, arbitrary: shortDeltas64 }, { weight: 1, arbitrary: beyond })
}

const shortDeltas64 = fc.constantFrom(0n, 0n, 1n, 1n, 2n, 262_145n, 2n ** 32n - 1n)

/**
 * V8 cuts off what the host asks for at 32 bits where a 64-bit memory has no maximum (so that growing by 2^32 + 1 pages
 * grows by one); the engine fails there as the specification says, so that is left out.
 */
function hostDeltas({ is64, maximum }: RandomMemory): fc.Arbitrary<number | bigint> {
  return is64 && maximum === undefined ? shortDeltas64 : deltas(is64)
}

const randomMemory = (with64: boolean): fc.Arbitrary<RandomMemory> =>
  fc
    .record({
      initial: fc.constantFrom(0, 1, 1, 2, 2, 3),
      spare: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
      is64: with64 ? fc.boolean() : fc.constant(false),
      imported: fc.constantFrom(false, false, true),
    })
    .map(({ initial, spare, is64, imported }) => ({
      initial,
      maximum: spare === undefined ? undefined : initial + spare,
      is64,
      imported,
    }))

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
      const inside = room > 0 ? where % (room + 1) : 0
      // One in twenty is out of bounds.
      return { memory, bytes, offset: luck === 0 ? BigInt(room + 1 + where) : BigInt(inside) }
    })
    .chain((segment) => {
      const is64 = segment.memory !== undefined && memories[segment.memory]!.is64
      const { memory, bytes } = segment
      const far = near64.map((offset) => ({ memory, bytes, offset }))
      return is64
        ? fc.oneof({ weight: 15, arbitrary: fc.constant(segment) }, { weight: 1, arbitrary: far })
        : fc.constant(segment)
    })
}

/** @param with64 whether some memories have addresses of type i64 */
export const programsWith = (with64: boolean): fc.Arbitrary<Program> =>
  fc
    .array(randomMemory(with64), { minLength: 1, maxLength: 2 })
    .map((memories) => memories.toSorted((one, other) => Number(other.imported) - Number(one.imported)))
    .chain((memories) =>
      fc.array(randomSegment(memories), { maxLength: 3 }).map((segments) => ({ memories, segments })),
    )
    .chain(({ memories, segments }) =>
      fc
        .array(fc.array(statement(memories, segments.length), { minLength: 1, maxLength: 3 }), {
          minLength: 1,
          maxLength: 5,
        })
        .map((functions) => ({ memories, segments, functions })),
    )

export const programs: fc.Arbitrary<Program> = programsWith(false)

export function steps(program: Program): fc.Arbitrary<Step[]> {
  const memory = fc.nat({ max: program.memories.length - 1 })
  const operands = {
    a: address,
    b: address,
    c: length,
    x: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    wide: fc.tuple(address64, address64, length64),
  }
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
      arbitrary: memory.chain((index) =>
        fc.record({
          kind: fc.constant('grow' as const),
          memory: fc.constant(index),
          delta: hostDeltas(program.memories[index]!),
        }),
      ),
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
  const parameters = [type.i32, type.i32, type.i32, type.i64, type.i64, type.i64, type.i64]
  output.section(1, new Writer().byte(1, 0x60, parameters.length, ...parameters, 1, type.i64))
  const imported = memories.filter((memory) => memory.imported)
  const imports = new Writer().u32(imported.length)
  for (const [index, memory] of imported.entries())
    limits(imports.name('e').name(`m${index}`).byte(2), memory)
  if (imported.length > 0) output.section(2, imports)
  output.section(
    3,
    functions.reduce((to) => to.u32(0), new Writer().u32(functions.length)),
  )
  const memorySection = new Writer().u32(memories.length - imported.length)
  for (const memory of memories.slice(imported.length)) limits(memorySection, memory)
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
      const { is64 } = memories[memory]!
      data
        .byte(is64 ? 0x42 : 0x41)
        .s64(is64 ? offset : BigInt.asIntN(32, offset))
        .byte(0x0b)
    }
    data.u32(bytes.length).bytes(bytes)
  }
  output.section(11, data)
  return output.written.slice()
}

function limits(to: Writer, { initial, maximum, is64 }: RandomMemory): void {
  to.byte((maximum === undefined ? 0 : 1) | (is64 ? 4 : 0)).u32(initial)
  if (maximum !== undefined) to.u32(maximum)
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
