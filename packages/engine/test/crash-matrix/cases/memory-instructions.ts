/**
 * Every instruction with an address, at every border, with static offsets, in two memories, before and after growth,
 * before and after it was compiled again by the optimising compiler.
 */
import { createHash } from 'node:crypto'

import type { Case, Use, World } from '../case.ts'
import { capacityPages, pageBytes } from '../world.ts'
import { bulkInstructions } from './bulk-instructions.ts'
import { type Instruction, instructions } from './instruction-list.ts'

const capacity = capacityPages * pageBytes
const top = 2 ** 32

const offsets = [0, 1, pageBytes - 3, capacity, 2 ** 31, top - 16, top - 1]

interface Layout {
  readonly name: string
  readonly initial: number
  readonly maximum: number
}

const layouts: readonly Layout[] = [
  { name: 'in a memory that can grow', initial: 1, maximum: 3 },
  { name: 'in a memory of the full capacity', initial: capacityPages, maximum: capacityPages },
  { name: 'in an empty memory', initial: 0, maximum: 1 },
]

/** Memory 1 is a page larger than memory 0 where it can, so that a check against the wrong size shows. */
function moduleOf({ text }: Instruction, { initial, maximum }: Layout): string {
  const larger = initial < capacityPages ? 1 : 0
  const functions = [0, 1].flatMap((memory) =>
    offsets.map(
      (offset) =>
        `(func (export "m${memory}o${offset}") (param i32) (result i64) (local v128) ${text(memory, offset)})`,
    ),
  )
  const warmUps = [0, 1].map(
    (memory) => `(func (export "warm${memory}") (param i32 i32) (result i64) (local v128)
      (local $left i32) (local $sum i64) (local.set $left (local.get 1)) (block $done (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (local.set $sum (i64.add (local.get $sum) (call $plain${memory} (local.get 0))))
        (br $next))) (local.get $sum))
      (func $plain${memory} (param i32) (result i64) (local v128) ${text(memory, 0)})`,
  )
  return `(module (memory (export "a") ${initial} ${maximum})
    (memory (export "b") ${initial + larger} ${maximum + larger})
    (data (memory 0) (i32.const 0) "${initial > 0 ? 'some bytes' : ''}")
    ${functions.join('\n')} ${warmUps.join('\n')})`
}

/** Addresses whose effective address, with the static offset, lies around every border. */
function addresses(bytes: number, offset: number, logical: number): number[] {
  const borders = [logical, logical + pageBytes, capacity, 2 ** 31, top]
  const effective = [0, 8, ...borders.flatMap((at) => [at - bytes, at - bytes + 1, at - 1, at])]
  const all = [
    ...effective.map((at) => at - offset),
    0,
    logical - bytes,
    logical,
    2 ** 31,
    top - bytes,
    top - 1,
  ]
  return [...new Set(all.filter((at) => at >= 0 && at < top))]
}

function attempt(run: () => unknown): string {
  try {
    return String(run())
  } catch (error) {
    return `${(error as Error).constructor.name}: ${(error as Error).message}`
  }
}

function atEveryBorder({ bytes }: Instruction, { exports, memories }: Use, outcomes: string[]): void {
  for (const [memory, { buffer }] of memories.entries()) {
    for (const offset of offsets) {
      const call = exports[`m${memory}o${offset}`]
      for (const at of addresses(bytes, offset, buffer.byteLength)) {
        outcomes.push(`${memory} ${offset} ${at}: ${attempt(() => call(at | 0))}`)
      }
    }
    outcomes.push(createHash('sha1').update(new Uint8Array(buffer)).digest('hex'))
  }
}

async function runInstruction(instruction: Instruction, layout: Layout, { open }: World): Promise<string[]> {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const outcomes: string[] = []
  const use = await open(moduleOf(instruction, layout))
  atEveryBorder(instruction, use, outcomes)
  for (const memory of [0, 1]) {
    const { byteLength } = use.memories[memory]!.buffer
    const last = Math.max(byteLength - instruction.bytes, 0)
    outcomes.push(attempt(() => use.exports[`warm${memory}`](last, 3_000)))
    const call = use.exports[`m${memory}o0`]
    const traps = new Set<string>()
    for (let trap = 0; trap < 200; trap++) traps.add(attempt(() => call(byteLength)))
    outcomes.push(...traps)
  }
  if (layout.initial < layout.maximum) for (const memory of use.memories) memory.grow(1)
  atEveryBorder(instruction, use, outcomes)
  use.end()
  Error.stackTraceLimit = stackTraceLimit
  return outcomes
}

function casesIn(chosen: readonly Layout[]): Case[] {
  return instructions.flatMap((instruction) =>
    chosen.map((layout) => ({
      name: `${instruction.name} ${layout.name}`,
      family: `${instruction.family} ${layout.name}`,
      run: (world: World) => runInstruction(instruction, layout, world),
    })),
  )
}

export const memoryInstructions: readonly Case[] = [...casesIn(layouts), ...bulkInstructions]

/** Fewer, for a second time with other flags of V8's. */
export const someMemoryInstructions: readonly Case[] = [
  ...casesIn(layouts.slice(0, 1)),
  ...bulkInstructions.slice(0, 6),
]
