/** Whatever is put together on the way, the bytes are those that the segments write in their order. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { type ImageSegment, ImageSegments } from '../src/binary/image-segments.ts'

interface Wanted {
  readonly memory: number
  readonly offset: number
  readonly length: number
}

const extent = 40_000
const source = Uint8Array.from({ length: 20_000 }, (_, index) => 1 + (index % 255))

function collect(segments: readonly Wanted[]): ImageSegment[] {
  const collected = new ImageSegments(source, 2)
  for (const [index, { memory, offset, length }] of segments.entries())
    collected.add(memory, offset, index % 100, (index % 100) + length)
  return collected.take()
}

function written(segments: Iterable<Omit<ImageSegment, 'memory'>>): Buffer {
  const memory = Buffer.alloc(2 * extent)
  for (const { offset, bytes } of segments) memory.set(bytes, offset)
  return memory
}

const length = fc.oneof(fc.nat(80), fc.nat(700), fc.nat(6_000))
const ascending = fc
  .array(fc.record({ gap: fc.oneof(fc.nat(20), fc.nat(600), fc.nat(5_000)), length }), { maxLength: 30 })
  .map((steps) => {
    let end = 0
    return steps.flatMap(({ gap, length: bytes }) => {
      const offset = end + gap
      end = offset + bytes
      return end <= extent ? [{ offset, length: bytes }] : []
    })
  })
const anywhere = fc.array(fc.record({ offset: fc.nat(extent), length }), { maxLength: 120 })
const runs = fc.array(fc.oneof(ascending, ascending, anywhere), { maxLength: 4 })

it('any segments', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 30 }), (lists, turn) => {
      const segments = lists.flat().map(({ offset, length: bytes }, index) => ({
        offset,
        length: bytes,
        memory: index % turn === 0 ? 1 : 0,
      }))
      const collected = collect(segments)
      for (const memory of [0, 1]) {
        const mine = segments.flatMap((one, index) =>
          one.memory === memory
            ? [{ offset: one.offset, bytes: source.subarray(index % 100, (index % 100) + one.length) }]
            : [],
        )
        expect(Buffer.compare(written(collected.filter((one) => one.memory === memory)), written(mine))).toBe(
          0,
        )
      }
    }),
    { numRuns: 1_000 },
  )
})

it('many short ones that lie close become few, also where one far away comes in between', () => {
  const segments = Array.from({ length: 50_000 }, (_, index) => ({
    memory: 0,
    offset: 40 * index,
    length: 30,
  }))
  segments.splice(20_000, 0, { memory: 0, offset: 40_000_000, length: 100 })
  expect(collect(segments).length).toBeLessThan(30)
})
