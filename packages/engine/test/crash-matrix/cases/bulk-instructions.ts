/** Bulk instructions, `memory.size` and `memory.grow`, and the atomic fence, at every border and of every length. */
/* oxlint-disable oxc/no-map-spread -- lists in lines that belong together */
import { createHash } from 'node:crypto'

import type { Case, Use } from '../case.ts'
import { capacityPages, pageBytes } from '../world.ts'

const text = (initial: number, maximum: number): string => {
  const from = initial === 0 ? 0 : 1
  return `(module (memory (export "a") ${initial} ${maximum}) (memory (export "b") ${from} ${maximum})
    (data $ten "0123456789") (data $gone "abc") (data $none "")
    ${[0, 1]
      .map(
        (memory) => `
    (func (export "fill${memory}") (param i32 i32 i32) (memory.fill ${memory} (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init${memory}") (param i32 i32 i32) (memory.init ${memory} $ten (local.get 0) (local.get 1) (local.get 2)))
    (func (export "none${memory}") (param i32 i32 i32) (memory.init ${memory} $none (local.get 0) (local.get 1) (local.get 2)))
    (func (export "gone${memory}") (param i32 i32 i32) (data.drop $gone)
      (memory.init ${memory} $gone (local.get 0) (local.get 1) (local.get 2)))
    (func (export "size${memory}") (result i32) (memory.size ${memory}))
    (func (export "grow${memory}") (param i32) (result i32) (memory.grow ${memory} (local.get 0)))
    ${[0, 1].map((source) => `(func (export "copy${memory}${source}") (param i32 i32 i32) (memory.copy ${memory} ${source} (local.get 0) (local.get 1) (local.get 2)))`).join('\n')}`,
      )
      .join('\n')}
    (func (export "fence") (result i32) (atomic.fence) (memory.size)))`
}

const layouts = [
  { name: 'in a memory that can grow', initial: 1, maximum: 3 },
  { name: 'in a memory of the full capacity', initial: capacityPages, maximum: capacityPages },
  { name: 'in an empty memory', initial: 0, maximum: 1 },
]

function places(logical: number): number[] {
  const capacity = capacityPages * pageBytes
  const borders = [logical, capacity, 2 ** 31, 2 ** 32]
  return [0, 1, ...borders.flatMap((at) => [at - 4_097, at - 10, at - 1, at, at + 1])].filter(
    (at) => at >= 0 && at < 2 ** 32,
  )
}

const lengths = [0, 1, 3, 10, 11, 4_096, 4_098, pageBytes, 2 ** 31, 2 ** 32 - 1]

function outcomes(
  { exports, memories }: Use,
  names: readonly string[],
  seconds: readonly number[],
): string[] {
  const result: string[] = []
  for (const name of names) {
    const logical = memories[Number(/\d/.exec(name)![0])]!.buffer.byteLength
    for (const at of places(logical)) {
      for (const second of seconds.length > 0 ? seconds : places(logical)) {
        for (const length of lengths) {
          try {
            result.push(`${exports[name](at | 0, second | 0, length | 0)}`)
          } catch (error) {
            result.push(
              `${name} ${at} ${second} ${length} ${(error as Error).constructor.name} ${(error as Error).message}`,
            )
          }
        }
      }
      result.push(createHash('sha1').update(new Uint8Array(memories[0]!.buffer)).digest('hex'))
    }
  }
  return result
}

const kinds: [string, string[], number[]][] = [
  ['memory.fill', ['fill0', 'fill1'], [0xab, 0x1ff]],
  ['memory.copy', ['copy00', 'copy01', 'copy10', 'copy11'], []],
  ['memory.init', ['init0', 'init1'], [0, 1, 9, 10, 11, 2 ** 32 - 1]],
  ['memory.init of an empty segment', ['none0', 'none1'], [0, 1]],
  ['memory.init of a dropped segment', ['gone0', 'gone1'], [0, 1]],
]

const growths = [0, 1, 1, 0, 1, 13, 65_536, 2 ** 31, 2 ** 32 - 1, 0]

export const bulkInstructions: readonly Case[] = layouts.flatMap(({ name: layout, initial, maximum }) => [
  ...kinds.map(([name, exported, seconds]): Case => ({
    name: `${name} ${layout}`,
    family: `bulk ${layout}`,
    async run({ open }) {
      const use = await open(text(initial, maximum))
      const result = outcomes(use, exported, seconds)
      // And again when the code has become hot.
      result.push(...outcomes(use, exported, seconds))
      use.end()
      return result
    },
  })),
  {
    name: `memory.size and memory.grow ${layout}`,
    family: `memory.size, memory.grow, atomic.fence ${layout}`,
    async run({ open }) {
      const { exports, memories, end } = await open(text(initial, maximum))
      const result: unknown[] = []
      for (let round = 0; round < 200; round++) {
        for (const [step, delta] of growths.entries()) {
          const memory = step % 2
          result.push(exports[`grow${memory}`](delta | 0), exports[`size${memory}`](), exports['fence']())
          result.push(memories[memory]!.buffer.byteLength)
        }
      }
      end()
      return result
    },
  },
])
