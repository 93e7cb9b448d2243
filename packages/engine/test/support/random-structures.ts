/**
 * Random modules of everything beside memory instructions: tables and globals of every type, element segments, start
 * functions, imports, indirect and tail calls, references, exceptions, objects of the GC proposal, nested control.
 *
 * Every function has the type `(i32, i32) -> i32` and begins by taking one unit of fuel, so that none runs for ever:
 *
 *   types      0 fn   1 () -> ()   2 (externref) -> externref   3 () -> (i32, i64)   4 struct   5 array   6 (i32) -> ()
 *   functions  0 host.number (fn)   1 host.reference (type 2)   2 .. the module's own (fn)   then the start function
 *   globals    0 imported i32   1 imported mut i64   2 fuel   3 .. the module's own
 *   tables     0 funcref   1 externref   2 funcref, imported or not
 */
import { Writer } from '../../src/binary/writer.ts'
import { RandomSource } from './random-source.ts'

const i32 = 0x7f
const i64 = 0x7e
const f32 = 0x7d
const f64 = 0x7c
const funcref = 0x70
const externref = 0x6f
const anyref = 0x6e

const ownFirst = 2
const fuelGlobal = 2
const firstGlobal = 3
const exportable = [i32, i64, f32, f64, 0x7b, funcref, externref, anyref] as const

interface OwnGlobal {
  readonly type: number
  readonly mutable: boolean
}

export interface Structures {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly functions: number
  readonly globals: number
  readonly importsTable: boolean
  /** The code changes nothing that needs a fresh instance for the next use; nor should the host. */
  readonly quiet: boolean
}

export function randomStructures(seed: number, size: number): Structures {
  return new Maker(new RandomSource(seed), size).module()
}

class Maker {
  readonly #random: RandomSource
  readonly #size: number
  readonly #functions: number
  readonly #globals: readonly OwnGlobal[]
  readonly #importsTable: boolean
  readonly #starts: boolean
  /** Whether the code leaves tables of functions, segments and objects as they are: then a live instance is reused. */
  readonly #quiet: boolean
  readonly #segments: number

  constructor(random: RandomSource, size: number) {
    this.#random = random
    this.#size = size
    this.#functions = 2 + random.below(5)
    this.#quiet = random.oneIn(2)
    this.#importsTable = !this.#quiet && random.oneIn(3)
    this.#starts = random.oneIn(3)
    this.#segments = 3 + random.below(3)
    this.#globals = random.several(4, 10, () => ({
      type: random.pick(exportable),
      mutable: !random.oneIn(3),
    }))
  }

  module(): Structures {
    const output = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
    const own = this.#functions
    output.section(1, this.#types())
    output.section(2, this.#imports())
    const declared = new Writer().u32(own + 1)
    for (let index = 0; index < own; index++) declared.u32(0)
    output.section(3, declared.u32(1))
    output.section(4, this.#tables())
    output.section(5, new Writer().byte(1, 1, 1, 3))
    output.section(13, new Writer().byte(1, 0, 6))
    output.section(6, this.#globalSection())
    output.section(7, this.#exports())
    if (this.#starts) output.section(8, new Writer().u32(ownFirst + own))
    output.section(9, this.#elements())
    output.section(10, this.#code())
    return {
      bytes: output.written.slice(),
      functions: own,
      globals: this.#globals.length,
      importsTable: this.#importsTable,
      quiet: this.#quiet,
    }
  }

  #types(): Writer {
    return new Writer()
      .u32(7)
      .byte(0x60, 2, i32, i32, 1, i32, 0x60, 0, 0)
      .byte(0x60, 1, externref, 1, externref, 0x60, 0, 2, i32, i64)
      .byte(0x5f, 3, i32, 1, i64, 1, anyref, 1) // struct of mutable fields
      .byte(0x5e, i32, 1)
      .byte(0x60, 1, i32, 0)
  }

  #imports(): Writer {
    const to = new Writer().u32(this.#importsTable ? 5 : 4)
    to.name('host').name('number').byte(0, 0)
    to.name('host').name('reference').byte(0, 2)
    to.name('host').name('constant').byte(3, i32, 0)
    to.name('host').name('variable').byte(3, i64, 1)
    // Tables that are imported come first; the others follow.
    if (this.#importsTable) to.name('host').name('table').byte(1, funcref, 0, 4)
    return to
  }

  /** By their roles: an imported table takes index 0, and the module's own follow. */
  #table(role: 'functions' | 'references' | 'other'): number {
    if (this.#importsTable) return role === 'other' ? 0 : role === 'functions' ? 1 : 2
    return role === 'functions' ? 0 : role === 'references' ? 1 : 2
  }

  #tables(): Writer {
    const to = new Writer().u32(this.#importsTable ? 2 : 3)
    to.byte(funcref, 1, 6, 12).byte(externref, 1, this.#random.below(4), 9)
    if (!this.#importsTable) to.byte(funcref, 1, 4, 5)
    return to
  }

  #globalSection(): Writer {
    const to = new Writer().u32(this.#globals.length + 1)
    to.byte(i32, 1, 0x41).s64(200n).byte(0x0b)
    for (const { type, mutable } of this.#globals) {
      to.byte(type, mutable ? 1 : 0)
      this.#constant(to, type)
      to.byte(0x0b)
    }
    return to
  }

  #constant(to: Writer, type: number): void {
    const random = this.#random
    if (type === i32) {
      if (random.oneIn(3)) to.byte(0x23).u32(0)
      else to.byte(0x41).s64(BigInt(random.below(1000) - 500))
    } else if (type === i64) to.byte(0x42).s64(BigInt(random.below(1000) - 500))
    else if (type === f32) to.byte(0x43, 0, 0, random.below(256), 0x41)
    else if (type === f64) to.byte(0x44, 0, 0, 0, 0, 0, 0, random.below(256), 0x40)
    else if (type === 0x7b) to.byte(0xfd, 12, ...random.several(16, 16, () => random.below(256)))
    else if (type === funcref && !random.oneIn(3)) to.byte(0xd2).u32(this.#anyFunction())
    else if (type === anyref && !random.oneIn(3)) this.#constantObject(to)
    else to.byte(0xd0, type)
  }

  #constantObject(to: Writer): void {
    const value = BigInt(this.#random.below(100))
    if (this.#random.oneIn(2)) to.byte(0x41).s64(value).byte(0xfb, 28) // ref.i31
    else to.byte(0x41).s64(value).byte(0x42).s64(value).byte(0xd0, anyref, 0xfb, 0).u32(4) // struct.new
  }

  #anyFunction(): number {
    return this.#random.below(ownFirst + this.#functions)
  }

  #exports(): Writer {
    const entries: [string, number, number][] = []
    for (let index = 0; index < this.#functions; index++) entries.push([`f${index}`, 0, ownFirst + index])
    entries.push(['host number', 0, 0], ['functions', 1, this.#table('functions')])
    entries.push(['references', 1, this.#table('references')], ['other', 1, this.#table('other')])
    entries.push(['memory', 2, 0], ['fuel', 3, fuelGlobal], ['constant', 3, 0], ['variable', 3, 1])
    for (const index of this.#globals.keys()) entries.push([`g${index}`, 3, firstGlobal + index])
    if (!this.#quiet && this.#random.oneIn(4)) entries.push(['tag', 4, 0])
    const to = new Writer().u32(entries.length)
    // Some names come before others that they sort behind.
    for (const [name, kind, index] of entries.toSorted(() => this.#random.below(3) - 1))
      to.name(name).byte(kind).u32(index)
    return to
  }

  #elements(): Writer {
    const random = this.#random
    const to = new Writer().u32(this.#segments + 1)
    for (let segment = 0; segment < this.#segments; segment++) {
      const functions = random.several(segment === 0 ? 4 : 1, 4, () => this.#anyFunction())
      // The first two are active, one of them seldom out of bounds; the others passive.
      if (segment < 2) {
        const table = this.#table(segment === 0 ? 'functions' : 'other')
        const offset = random.oneIn(30) ? 4 : random.below(segment === 0 ? 3 : 1)
        to.byte(2).u32(table).byte(0x41).s64(BigInt(offset)).byte(0x0b, 0)
      } else to.byte(1, 0)
      to.u32(functions.length)
      for (const index of functions) to.u32(index)
    }
    // Declares them all for ref.func.
    to.byte(3, 0).u32(ownFirst + this.#functions)
    for (let index = 0; index < ownFirst + this.#functions; index++) to.u32(index)
    return to
  }

  #code(): Writer {
    const to = new Writer().u32(this.#functions + 1)
    for (let index = 0; index < this.#functions; index++) {
      const body = this.#begin()
      const statements = 1 + this.#random.below(this.#size)
      for (let one = 0; one < statements; one++) this.#statement(body, 3)
      if (this.#random.oneIn(4)) this.#tailCall(body)
      else this.#number(body, 3)
      body.byte(0x0b)
      to.u32(body.length).bytes(body.written)
    }
    const start = new Writer().byte(0)
    start.byte(0x41, 1, 0x41, 2, 0x10).u32(ownFirst).byte(0x1a, 0x0b)
    return to.u32(start.length).bytes(start.written)
  }

  /** Locals 2: i32, 3: anyref, 4: externref; then the fuel. */
  #begin(): Writer {
    const body = new Writer().byte(3, 1, i32, 1, anyref, 1, externref)
    body.byte(0x23).u32(fuelGlobal).byte(0x45, 0x04, 0x40, 0x00, 0x0b) // unreachable without fuel
    return body.byte(0x23).u32(fuelGlobal).byte(0x41, 1, 0x6b, 0x24).u32(fuelGlobal)
  }

  #tailCall(to: Writer): void {
    this.#number(to, 1)
    this.#number(to, 1)
    if (this.#random.oneIn(2)) to.byte(0x12).u32(this.#anyNumberFunction())
    else {
      this.#smallNumber(to)
      to.byte(0x13).u32(0).u32(this.#table('functions'))
    }
  }

  /** A function of type 0. */
  #anyNumberFunction(): number {
    const index = this.#random.below(1 + this.#functions)
    return index === 0 ? 0 : ownFirst + index - 1
  }

  /** One that is mostly a valid table index. */
  #smallNumber(to: Writer): void {
    to.byte(0x41).s64(BigInt(this.#random.below(8)))
  }

  /** An i32 on the stack. */
  #number(to: Writer, depth: number): void {
    const random = this.#random
    if (depth === 0) return void this.#leaf(to)
    switch (random.below(17)) {
      case 0:
      case 1:
      case 2:
        return void this.#leaf(to)
      case 3:
      case 4:
        this.#number(to, depth - 1)
        this.#number(to, depth - 1)
        // add, sub, mul, div_s, rem_u, and, or, xor, shl, rotl
        return void to.byte(random.pick([0x6a, 0x6b, 0x6c, 0x6d, 0x70, 0x71, 0x72, 0x73, 0x74, 0x77]))
      case 5:
        this.#number(to, depth - 1)
        this.#number(to, depth - 1)
        return void to.byte(0x10).u32(this.#anyNumberFunction())
      case 6:
      case 7:
        this.#number(to, depth - 1)
        this.#number(to, depth - 1)
        this.#smallNumber(to)
        return void to
          .byte(0x11)
          .u32(0)
          .u32(this.#table(random.pick(['functions', 'functions', 'other'])))
      case 8:
        this.#reference(to, random.pick([funcref, externref, anyref]), depth - 1)
        return void to.byte(0xd1) // ref.is_null
      case 9:
        this.#number(to, depth - 1)
        to.byte(0x04, i32)
        this.#number(to, depth - 1)
        to.byte(0x05)
        this.#number(to, depth - 1)
        return void to.byte(0x0b)
      case 10:
        return this.#tried(to, depth)
      case 11:
        return void to.byte(0xfc, 16).u32(random.below(3)) // table.size
      case 12:
        return this.#object(to, depth)
      case 13:
        // A block with several results, of which one is dropped.
        to.byte(0x02).u32(3)
        this.#number(to, depth - 1)
        return void to.byte(0x42).s64(7n).byte(0x0b, 0xa7, 0x73)
      case 14:
        this.#number(to, depth - 1)
        return void to.byte(0x41, 0xff, 0x03, 0x71, 0x2d, 0, 0) // i32.load8_u of the low addresses
      case 15:
        this.#number(to, depth - 1)
        this.#number(to, depth - 1)
        to.byte(0xd2).u32(this.#anyNumberFunction())
        return void to.byte(0x14).u32(0) // call_ref
      default:
        return this.#growTable(to, depth)
    }
  }

  #leaf(to: Writer): void {
    const numbers = this.#globals.flatMap(({ type }, index) => (type === i32 ? [firstGlobal + index] : []))
    switch (this.#random.below(4)) {
      case 0:
        return void to.byte(0x41).s64(BigInt(this.#random.below(20) - 5))
      case 1:
        return void to.byte(0x23).u32(this.#random.pick([0, ...numbers]))
      default:
        return void to.byte(0x20).u32(this.#random.below(3))
    }
  }

  #tried(to: Writer, depth: number): void {
    to.byte(0x06, i32)
    this.#number(to, depth - 1)
    if (this.#random.oneIn(2)) to.byte(0x08, 0) // throw what is there
    to.byte(0x07, 0) // catch: its payload is the result
    if (this.#random.oneIn(2)) {
      to.byte(0x19) // catch_all
      this.#number(to, depth - 1)
    }
    to.byte(0x0b)
  }

  #object(to: Writer, depth: number): void {
    const random = this.#random
    switch (random.below(4)) {
      case 0:
        this.#number(to, depth - 1)
        return void to.byte(0xfb, 28, 0xfb, 29) // ref.i31, i31.get_s
      case 1:
        this.#reference(to, anyref, depth - 1)
        return void to.byte(0xfb, 20).u32(4) // ref.test of the struct
      case 2:
        this.#reference(to, anyref, depth - 1)
        return void to.byte(0xfb, 23).u32(4).byte(0xfb, 2).u32(4).u32(0) // ref.cast null, struct.get
      default:
        this.#number(to, depth - 1)
        to.byte(0x41, 3, 0xfb, 6).u32(5) // array.new
        this.#smallNumber(to)
        return void to.byte(0xfb, 11).u32(5) // array.get
    }
  }

  /** One that the code may change. */
  #anyTable(): readonly ['functions' | 'references' | 'other', number] {
    const tables = [
      ['references', externref],
      ['references', externref],
      ['functions', funcref],
      ['other', funcref],
    ] as const
    return this.#random.pick(this.#quiet ? tables.slice(0, 2) : tables)
  }

  #growTable(to: Writer, depth: number): void {
    const [role, type] = this.#anyTable()
    this.#reference(to, type, depth - 1)
    to.byte(0x41)
      .s64(BigInt(this.#random.below(3)))
      .byte(0xfc, 15)
      .u32(this.#table(role))
  }

  #reference(to: Writer, type: number, depth: number): void {
    const random = this.#random
    const globals = this.#globals.flatMap((global, index) =>
      global.type === type ? [firstGlobal + index] : [],
    )
    if (globals.length > 0 && random.oneIn(3)) return void to.byte(0x23).u32(random.pick(globals))
    if (depth > 0 && type !== anyref && random.oneIn(3)) {
      this.#smallNumber(to)
      return void to.byte(0x25).u32(this.#table(type === externref ? 'references' : 'functions'))
    }
    if (type === funcref && !random.oneIn(4)) return void to.byte(0xd2).u32(this.#anyFunction())
    if (type === externref && depth > 0 && random.oneIn(2)) {
      this.#reference(to, externref, depth - 1)
      return void to.byte(0x10).u32(1) // through the host
    }
    if (type === externref && random.oneIn(3)) {
      this.#reference(to, anyref, 0)
      return void to.byte(0xfb, 27) // extern.convert_any
    }
    if (type === anyref && !random.oneIn(4)) {
      if (random.oneIn(3)) return void to.byte(0x20).u32(3)
      return this.#constantObject(to)
    }
    if (type === externref && random.oneIn(2)) return void to.byte(0x20).u32(4)
    to.byte(0xd0, type)
  }

  #statement(to: Writer, depth: number): void {
    const random = this.#random
    switch (random.below(14)) {
      case 0:
        this.#number(to, depth)
        return void to.byte(0x21, 2)
      case 1:
        this.#reference(to, anyref, depth)
        return void to.byte(0x21, 3)
      case 2:
        this.#reference(to, externref, depth)
        return void to.byte(0x21, 4)
      case 3:
      case 4:
      case 5:
        return this.#setGlobal(to, depth)
      case 6: {
        const [role, type] = this.#anyTable()
        this.#smallNumber(to)
        this.#reference(to, type, depth)
        return void to.byte(0x26).u32(this.#table(role)) // table.set
      }
      case 7:
        return this.#tableBulk(to, depth)
      case 8:
        if (depth === 0) return
        to.byte(0x02, 0x40)
        this.#statement(to, depth - 1)
        this.#number(to, depth - 1)
        to.byte(0x0d, 0)
        this.#statement(to, depth - 1)
        return void to.byte(0x0b)
      case 9:
        // At most as often as local 2 says, and never more than seven times.
        if (depth === 0) return
        to.byte(0x20, 2, 0x41, 7, 0x71, 0x21, 2, 0x03, 0x40)
        this.#number(to, depth - 1)
        to.byte(0x1a, 0x20, 2, 0x41, 1, 0x6b, 0x22, 2, 0x41, 0, 0x4a, 0x0d, 0)
        return void to.byte(0x0b)
      case 10:
        this.#number(to, depth)
        if (random.oneIn(3)) return void to.byte(0x08, 0)
        return void to.byte(0x1a)
      case 11:
        this.#number(to, 1)
        to.byte(0x41, 0xff, 0x03, 0x71)
        this.#number(to, depth)
        return void to.byte(0x3a, 0, 0) // i32.store8
      case 12: {
        // A struct that changes.
        if (this.#quiet) return
        this.#constantStruct(to)
        to.byte(0xfb, 23).u32(4)
        this.#number(to, 1)
        return void to.byte(0xfb, 5).u32(4).u32(0)
      }
      default:
        this.#number(to, 1)
        return void to.byte(0x40, 0, 0x1a) // memory.grow
    }
  }

  #constantStruct(to: Writer): void {
    to.byte(0x41, 5, 0x42, 6, 0xd0, anyref, 0xfb, 0).u32(4)
  }

  #setGlobal(to: Writer, depth: number): void {
    const mutable = this.#globals.flatMap((global, index) => (global.mutable ? [index] : []))
    if (mutable.length === 0) return
    const index = this.#random.pick(mutable)
    const { type } = this.#globals[index]!
    if (type === i32) this.#number(to, depth)
    else if (type === funcref || type === externref || type === anyref) this.#reference(to, type, depth)
    else this.#constant(to, type)
    to.byte(0x24).u32(firstGlobal + index)
  }

  #tableBulk(to: Writer, depth: number): void {
    const random = this.#random
    const numbers = (): void => {
      for (let one = 0; one < 3; one++) to.byte(0x41).s64(BigInt(random.below(4)))
    }
    switch (this.#quiet ? 3 : random.below(4)) {
      case 0:
        numbers()
        return void to
          .byte(0xfc, 12)
          .u32(2 + random.below(this.#segments - 2))
          .u32(this.#table('functions'))
      case 1:
        return void to.byte(0xfc, 13).u32(2 + random.below(this.#segments - 2)) // elem.drop
      case 2:
        numbers()
        return void to.byte(0xfc, 14).u32(this.#table('functions')).u32(this.#table('other'))
      default: {
        const [role, type] = this.#anyTable()
        to.byte(0x41).s64(BigInt(random.below(4)))
        this.#reference(to, type, depth)
        to.byte(0x41).s64(BigInt(random.below(4)))
        return void to.byte(0xfc, 17).u32(this.#table(role)) // table.fill
      }
    }
  }
}
