/**
 * Valid code by construction: expressions of a wanted type, and statements that leave nothing behind.
 *
 * Every call goes to a function of a lower index and every branch forwards, so generated code always ends; mutations can
 * change that.
 */
import type { Letter, Operation } from '../test/support/signatures.ts'
import {
  laneOperations,
  letterCode,
  memoryLaneOperations,
  memoryOperations,
  operations,
} from '../test/support/signatures.ts'
import { Writer } from '../src/binary/writer.ts'
import type { Shape } from './generate-shape.ts'
import type { Type } from './generated-types.ts'
import { sameType } from './generated-types.ts'
import type { Random } from './random.ts'

const letters: readonly Letter[] = ['i', 'l', 'f', 'd', 'v']
const codes: readonly Type[] = letters.map((letter) => [letterCode[letter]])

const byResult: Record<Letter, readonly Operation[]> = { i: [], l: [], f: [], d: [], v: [] }
const pure = [...operations, ...laneOperations]
for (const letter of letters) {
  byResult[letter] = pure.filter(({ results, code }) => results.join('') === letter && !rare(code))
}
const loads = memoryOperations.filter(({ results }) => results.length === 1)
const stores = memoryOperations.filter(({ results }) => results.length === 0)

/** Relaxed SIMD may give what the machine likes. */
function rare(code: readonly number[]): boolean {
  return code[0] === 0xfd && (code[2] ?? 0) >= 2
}

export class CodeGenerator {
  readonly #random: Random
  readonly #shape: Shape
  /** Calls go to functions below this index. */
  readonly #callable: number
  readonly #locals: readonly Type[]
  readonly #output = new Writer()
  #budget: number

  constructor(random: Random, shape: Shape, callable: number, locals: readonly Type[]) {
    this.#random = random
    this.#shape = shape
    this.#callable = callable
    this.#locals = locals
    this.#budget = 10 + random.below(60)
  }

  body(results: readonly Type[]): Uint8Array {
    for (let count = this.#random.below(5); count > 0; count--) this.#statement(0)
    for (const result of results) this.value(result, 0)
    return this.#output.byte(0x0b).written.slice()
  }

  value(type: Type, depth: number): void {
    const random = this.#random
    const output = this.#output
    if (--this.#budget < 0 || depth > 6) return this.#leaf(type)
    switch (random.below(10)) {
      case 0:
        return this.#leaf(type)
      case 1: {
        output.byte(random.oneIn(3) ? 0x03 : 0x02, ...type)
        if (random.oneIn(2)) this.#statement(depth + 1)
        this.value(type, depth + 1)
        output.byte(0x0b)
        return
      }
      case 2:
        this.#i32(depth)
        output.byte(0x04, ...type)
        this.value(type, depth + 1)
        output.byte(0x05)
        this.value(type, depth + 1)
        output.byte(0x0b)
        return
      case 3:
        this.value(type, depth + 1)
        this.value(type, depth + 1)
        this.#i32(depth)
        output.byte(0x1c, 1, ...type)
        return
      case 4:
        return this.#call(type, depth)
      default: {
        const letter = letters.find((one) => sameType([letterCode[one]], type))
        if (letter === undefined) return this.#reference(type, depth)
        return random.oneIn(3)
          ? this.#special(letter, depth)
          : this.#operation(random.pick(byResult[letter]), depth)
      }
    }
  }

  #i32(depth: number): void {
    this.value([0x7f], depth + 1)
  }

  #operation({ code, operands, lanes, logBytes }: Operation, depth: number): void {
    const random = this.#random
    for (const [place, operand] of operands.entries()) {
      if (place === 0 && logBytes !== undefined) this.#address(code[0] === 0xfe ? logBytes : 0, depth)
      else this.value([letterCode[operand]], depth + 1)
    }
    this.#output.byte(...code)
    if (logBytes !== undefined) this.#memoryArgument(logBytes, code[0] === 0xfe)
    if (lanes !== undefined) this.#output.byte(random.below(lanes))
  }

  /** Atomic instructions trap where the address is not aligned: most are made so. */
  #address(logBytes: number, depth: number): void {
    const random = this.#random
    if (random.oneIn(4)) this.#i32(depth)
    else this.#output.byte(0x41).s64(BigInt((random.below(70_000) >> logBytes) << logBytes))
  }

  #memoryArgument(logBytes: number, exact: boolean): void {
    const random = this.#random
    const memory = random.below(this.#shape.memories)
    const alignment = exact ? logBytes : random.below(logBytes + 1)
    if (memory === 0) this.#output.byte(alignment)
    else this.#output.byte(alignment | 0x40, memory)
    this.#output.u32(random.oneIn(10) ? random.integer() : random.below(16) << logBytes)
  }

  #leaf(type: Type): void {
    const random = this.#random
    const output = this.#output
    const locals = [...this.#locals.keys()].filter((local) => sameType(this.#locals[local]!, type))
    if (locals.length > 0 && random.oneIn(2)) return void output.byte(0x20).u32(random.pick(locals))
    const globals = [...this.#shape.globals.keys()].filter((one) =>
      sameType(this.#shape.globals[one]!.type, type),
    )
    if (globals.length > 0 && random.oneIn(2)) return void output.byte(0x23).u32(random.pick(globals))
    constant(random, this.#shape, type, output)
  }

  #call(type: Type, depth: number): void {
    const { functions, types } = this.#shape
    const candidates: number[] = []
    for (let index = 0; index < this.#callable; index++) {
      const { results } = types[functions[index]!]!
      if (results.length === 1 && sameType(results[0]!, type)) candidates.push(index)
    }
    if (candidates.length === 0) return this.#leaf(type)
    const index = this.#random.pick(candidates)
    for (const parameter of types[functions[index]!]!.parameters) this.value(parameter, depth + 1)
    if (this.#random.oneIn(4) && this.#shape.declared)
      this.#output.byte(0xd2).u32(index).byte(0x14).u32(functions[index]!)
    else this.#output.byte(0x10).u32(index)
  }

  /** What needs a memory, a table or an object. */
  #special(letter: Letter, depth: number): void {
    const random = this.#random
    const output = this.#output
    const { memories, tables, structs } = this.#shape
    const choice = random.below(letter === 'i' ? 8 : 2)
    if (choice < 2 && memories > 0) {
      const candidates = loads.filter(({ results }) => results[0] === letter)
      return this.#operation(random.pick(candidates), depth)
    }
    if (choice === 2 && memories > 0) return void output.byte(0x3f).u32(random.below(memories))
    if (choice === 3 && memories > 0) {
      output.byte(0x41, random.below(3), 0x40).u32(random.below(memories))
      return
    }
    if (choice === 4 && tables.length > 0) return void output.byte(0xfc, 16).u32(random.below(tables.length))
    if (choice === 5 && tables.length > 0) {
      const table = random.below(tables.length)
      this.value(tables[table]!, depth + 1)
      output.byte(0x41, random.below(3), 0xfc, 15).u32(table)
      return
    }
    if (choice === 6) {
      this.value([random.pick([0x70, 0x6f])], depth + 1)
      return void output.byte(0xd1)
    }
    if (choice === 7 && structs.length > 0) {
      const struct = random.pick(structs)
      this.value([0x63, struct], depth + 1)
      return void output.byte(0xfb, 2, struct, 0)
    }
    this.#leaf([letterCode[letter]])
  }

  #reference(type: Type, depth: number): void {
    const { tables } = this.#shape
    const candidates = [...tables.keys()].filter((table) => sameType(tables[table]!, type))
    if (candidates.length > 0 && this.#random.oneIn(2)) {
      this.#output.byte(0x41, this.#random.below(4), 0x25).u32(this.#random.pick(candidates))
      return
    }
    if (type[0] !== 0x63) return this.#leaf(type)
    const { structs } = this.#shape
    this.#i32(depth)
    if (type[1] === structs[1]) {
      this.#i32(depth)
      this.value([0x63, structs[0]!], depth + 1)
    }
    this.#output.byte(0xfb, 0, type[1]!)
  }

  #statement(depth: number): void {
    const random = this.#random
    const output = this.#output
    const { memories, tables, structs, globals, dataSegments, elementSegments, tags } = this.#shape
    if (--this.#budget < 0 || depth > 6) return
    const memory = random.below(memories)
    const range = (): void => {
      this.#address(0, depth)
      this.#address(0, depth)
      output.byte(0x41).s64(BigInt(random.below(300)))
    }
    switch (random.below(16)) {
      case 0:
      case 1:
        if (memories > 0) this.#operation(random.pick(random.oneIn(5) ? memoryLaneStores : stores), depth)
        return
      case 2:
        if (memories === 0) return
        range()
        return void output.byte(0xfc, 11).u32(memory)
      case 3:
        if (memories === 0) return
        range()
        return void output.byte(0xfc, 10).u32(memory).u32(random.below(memories))
      case 4:
        if (memories === 0 || dataSegments === 0) return
        this.#address(0, depth)
        output.byte(0x41, random.below(4), 0x41, random.below(4), 0xfc, 8)
        return void output.u32(random.below(dataSegments)).u32(memory)
      case 5:
        if (dataSegments > 0) output.byte(0xfc, 9).u32(random.below(dataSegments))
        return
      case 6:
      case 7: {
        const mutable = [...globals.keys()].filter((index) => globals[index]!.mutable)
        if (mutable.length === 0) return
        const index = random.pick(mutable)
        this.value(globals[index]!.type, depth + 1)
        return void output.byte(0x24).u32(index)
      }
      case 8: {
        if (this.#locals.length === 0) return
        const local = random.below(this.#locals.length)
        this.value(this.#locals[local]!, depth + 1)
        return void output.byte(0x21).u32(local)
      }
      case 9: {
        if (tables.length === 0) return
        const table = random.below(tables.length)
        output.byte(0x41, random.below(4))
        this.value(tables[table]!, depth + 1)
        if (random.oneIn(3)) return void output.byte(0x41, random.below(3), 0xfc, 17).u32(table)
        return void output.byte(0x26).u32(table)
      }
      case 10: {
        if (elementSegments === 0 || random.oneIn(2)) return
        return void output.byte(0xfc, 13).u32(random.below(elementSegments))
      }
      case 11: {
        if (structs.length === 0) return
        const struct = random.pick(structs)
        this.value([0x63, struct], depth + 1)
        this.#i32(depth)
        return void output.byte(0xfb, 5, struct, 0)
      }
      case 12:
        output.byte(0x02, 0x40)
        this.#statement(depth + 1)
        this.#i32(depth)
        output.byte(0x0d, 0)
        this.#statement(depth + 1)
        return void output.byte(0x0b)
      case 13:
        // A thrown tag without values, caught on the spot.
        output.byte(0x02, 0x40, 0x1f, 0x40, 1, 2, 0)
        this.#statement(depth + 1)
        if (tags > 0 && random.oneIn(2)) output.byte(0x08, 0)
        return void output.byte(0x0b, 0x0b)
      case 14:
        this.#i32(depth)
        output.byte(0x04, 0x40)
        this.#statement(depth + 1)
        return void output.byte(0x0b)
      default:
        this.value(random.pick(codes), depth + 1)
        output.byte(0x1a)
    }
  }
}

const memoryLaneStores = memoryLaneOperations.filter(({ results }) => results.length === 0)

/** A constant of the type, without its `end`. */
export function constant(
  random: Random,
  { structs }: Pick<Shape, 'structs'>,
  type: Type,
  output: Writer,
): void {
  switch (type[0]) {
    case 0x7f:
      output.byte(0x41).s64(BigInt((random.oneIn(2) ? random.below(100) : random.integer()) | 0))
      return
    case 0x7e:
      output.byte(0x42).s64(random.oneIn(2) ? BigInt(random.below(100)) : random.bigint())
      return
    case 0x7d:
      output.byte(0x43, 0, 0, random.below(256), random.below(128))
      return
    case 0x7c:
      output.byte(0x44, 0, 0, 0, 0, 0, 0, random.below(256), random.below(127))
      return
    case 0x7b:
      output.byte(0xfd, 12, ...random.bytes(16))
      return
    case 0x63:
      if (random.oneIn(2) && structs.includes(type[1]!)) output.byte(0xfb, 1, type[1]!)
      else output.byte(0xd0, type[1]!)
      return
    default:
      output.byte(0xd0, type[0]!)
  }
}
