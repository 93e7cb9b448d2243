/**
 * Every opcode of the released specification (3.0), of the threads and legacy exceptions proposals, and of the V8 that runs
 * the test: decoded, and run as on plain V8, or refused by name.
 */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import {
  atomicOpcodes,
  gcOpcodes,
  immediates,
  miscOpcodes,
  plainOpcodes,
  simdOpcodes,
} from '../src/binary/opcodes.ts'
import { unknownOpcode } from '../src/binary/unknown-opcode.ts'
import { Writer } from '../src/binary/writer.ts'
import { Engine } from '../src/index.ts'
import { knownFlags, runNode } from './support/child.ts'
import { nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { rawModule } from './support/raw-module.ts'
import type { Letter, Operation } from './support/signatures.ts'
import {
  laneOperations,
  letterCode,
  memoryLaneOperations,
  memoryOperations,
  operations,
} from './support/signatures.ts'
import { specification } from './support/specification.ts'
import { supported } from './support/wat.ts'
import { structuredModules } from './support/structured-modules.ts'

const engine = new Engine({ slots: 3, maxMemoryBytes: 16 * 65_536 })
afterAll(() => engine.close())

type Bytes = Uint8Array<ArrayBuffer>

const tables: ReadonlyMap<number, Uint8Array> = new Map([
  [0, plainOpcodes],
  [0xfb, gcOpcodes],
  [0xfc, miscOpcodes],
  [0xfd, simdOpcodes],
  [0xfe, atomicOpcodes],
])

const isKnown = (prefix: number, opcode: number): boolean =>
  (tables.get(prefix)![opcode] ?? immediates.unknown) !== immediates.unknown

/** Runs `f0`... with each list of arguments on both, twice in the pool; all memory is compared. */
async function sameOnBoth(bytes: Bytes, given: readonly (readonly unknown[])[]): Promise<void> {
  const run = (exports: WebAssembly.Exports): unknown => {
    const functions = Object.keys(exports).filter((name) => /^f\d+$/.test(name))
    const results = functions.flatMap((name) =>
      given.map((list) => outcomeOf(() => (exports[name] as (...list: unknown[]) => unknown)(...list))),
    )
    const memory = Buffer.from((exports['memory'] as WebAssembly.Memory).buffer)
    return [results, memory.toString('base64')]
  }
  await using module = await engine.compile(bytes)
  for (let use = 0; use < 2; use++) {
    const expected = run(nativeInstance(bytes).exports)
    using instance = engine.instantiate(module)
    deepStrictEqual(run(instance.exports), expected)
  }
}

/** Operands come from the memory, results go there: a vector cannot cross to JavaScript. */
function moduleOf({ code, operands, results, logBytes, lanes }: Operation): Bytes {
  const instructions = new Writer()
  const load: Record<Letter, readonly number[]> = {
    i: [0x28, 2],
    l: [0x29, 3],
    f: [0x2a, 2],
    d: [0x2b, 3],
    v: [0xfd, 0, 4],
  }
  const store: Record<Letter, readonly number[]> = {
    i: [0x36, 2],
    l: [0x37, 3],
    f: [0x38, 2],
    d: [0x39, 3],
    v: [0xfd, 11, 4],
  }
  for (const [place, letter] of operands.entries()) {
    if (place === 0 && logBytes !== undefined) instructions.byte(0x20, 0)
    else instructions.byte(0x20, 1, ...load[letter], place * 16)
  }
  instructions.byte(...code)
  if (logBytes !== undefined) instructions.byte(logBytes, 8)
  if (lanes !== undefined) instructions.byte(lanes - 1)
  // Were the instruction walked at the wrong pace, this would be the size of the slot.
  instructions.byte(0x3f, 0, 0x21, 2 + results.length)
  const locals = [...results, 'i' as const].flatMap((letter) => [1, letterCode[letter]])
  for (const place of [...results.keys()].toReversed()) instructions.byte(0x21, 2 + place)
  for (const [place, letter] of results.entries()) {
    instructions.byte(0x41, 0xc0, 0, 0x20, 2 + place, ...store[letter], place * 16)
  }
  instructions.byte(0x41, 0xf0, 0, 0x20, 2 + results.length, 0x36, 2, 0)
  return rawModule({
    types: [[0x60, 2, 0x7f, 0x7f, 0]],
    functions: [{ type: 0, locals: [results.length + 1, ...locals], code: [...instructions.written] }],
    data: [Array.from({ length: 256 }, (_, index) => (index * 73 + 41) & 0xff)],
  })
}

const hexadecimal = (code: readonly number[]): string =>
  code.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** The last address of a page, one that straddles its end, one of no memory. */
const addresses = [0, 128, 65_512, 65_528, 65_536, 2 ** 31].flatMap((address) => [
  [address, 80],
  [address, 140],
])

describe('instructions by their signature', () => {
  const groups = { operations, laneOperations, memoryOperations, memoryLaneOperations }
  it.each(Object.entries(groups))('%s', async (_name, list) => {
    let ran = 0
    for (const operation of list) {
      const bytes = moduleOf(operation)
      // Wide arithmetic is in no V8 yet, relaxed SIMD in all of them.
      if (!supported(bytes)) {
        expect(operation.code[0]).toBe(0xfc)
        expect(operation.code[1]).toBeGreaterThanOrEqual(0x13)
        continue
      }
      await sameOnBoth(bytes, addresses).catch((error: unknown) => {
        throw new Error(`opcode ${hexadecimal(operation.code)}`, { cause: error })
      })
      ran++
    }
    expect(ran).toBeGreaterThan(list.length * 0.9)
  })
})

describe('instructions with immediates of their own', () => {
  it.each(structuredModules.map(({ name, bytes }) => [name, bytes] as const))('%s', async (_name, bytes) => {
    // Newer than some V8s: then it is invalid on both.
    if (!supported(bytes)) await expect(engine.compile(bytes)).rejects.toThrow(WebAssembly.CompileError)
    else {
      await sameOnBoth(bytes, [
        [0, 0],
        [1, 2],
        [-1, 70_000],
      ])
    }
  })

  it('are all there', () => {
    const covered = new Set(
      [
        ...[operations, laneOperations, memoryOperations, memoryLaneOperations]
          .flat()
          .map(({ code }) => code),
        ...structuredModules.flatMap(({ opcodes }) => opcodes),
      ].map(hexadecimal),
    )
    const missing = specification
      .flatMap(({ prefix, opcodes }) => opcodes.map((opcode) => encoded(prefix, opcode)))
      .map(hexadecimal)
      .filter((code) => !covered.has(code))
    expect(missing).toEqual([])
  })
})

function encoded(prefix: number, opcode: number): number[] {
  return prefix === 0 ? [opcode] : [prefix, ...new Writer().u32(opcode).written]
}

describe('what is decoded', () => {
  it.each(specification.map((space) => [space.prefix.toString(16), space] as const))(
    'prefix %s',
    (_prefix, { prefix, opcodes }) => {
      expect(opcodes.filter((opcode) => !isKnown(prefix, opcode))).toEqual([])
    },
  )
})

/** Asks V8 what it makes of an opcode: the message says whether it knows it, and behind which flag. */
const probe = `
const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)])
const section = (id, body) => [id, ...leb(body.length), ...body]
const known = []
for (const [prefix, count] of [[0, 256], [0xfb, 512], [0xfc, 256], [0xfd, 512], [0xfe, 512]]) {
  for (let opcode = 0; opcode < count; opcode++) {
    if (prefix === 0 && opcode >= 0xfb && opcode <= 0xfe) continue
    const code = [0, ...(prefix ? [prefix] : []), ...(prefix ? leb(opcode) : [opcode]), ...Array(20).fill(0), 0x0b]
    const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, [1, 0x60, 0, 0]), ...section(3, [1, 0]),
      ...section(5, [1, 0, 1]), ...section(10, [1, ...leb(code.length), ...code])]
    try {
      new WebAssembly.Module(new Uint8Array(bytes))
    } catch ({ message }) {
      if (/invalid( \\w+)? opcode|enable with|Unknown opcode/i.test(message)) continue
    }
    known.push([prefix, opcode])
  }
}
console.log(JSON.stringify(known))`

describe('every opcode that V8 knows is decoded or has the name of its proposal', () => {
  const experimental = knownFlags().filter(
    (flag) => flag.startsWith('--experimental-wasm-') && !/skip|assume|pgo|revec/.test(flag),
  )
  it.each([
    ['as it is', []],
    ['with all of its flags', experimental],
  ])('%s', (_how, flags) => {
    const known = JSON.parse(runNode(flags, probe).stdout) as [number, number][]
    // More than the 500 or so of the specification.
    expect(known.length).toBeGreaterThan(500)
    const nameless = known
      .filter(([prefix, opcode]) => !isKnown(prefix, opcode))
      .filter(([prefix, opcode]) => unknownOpcode(prefix, opcode).message.includes('unknown'))
    expect(nameless.map(([prefix, opcode]) => hexadecimal(encoded(prefix, opcode)))).toEqual([])
  })
})
